/** What is measured: each subject runs in a JVM of its own and does as the orchestrator says. */
@NullMarked
package io.shigoto.bench.subject;

import org.jspecify.annotations.NullMarked;
