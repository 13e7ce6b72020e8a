/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CONFORMANCE_CONFORM_H
#define TESTS_CONFORMANCE_CONFORM_H

/* Each takes its own options from argv[1] on and returns an enum report_exit.
 * Weak: a build without the one or the other does not offer it. */
__attribute__((weak)) int conform_backend(int argc, char **argv);
__attribute__((weak)) int conform_frontend(int argc, char **argv);

#endif /* TESTS_CONFORMANCE_CONFORM_H */
