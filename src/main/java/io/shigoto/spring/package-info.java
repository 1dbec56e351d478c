/**
 * What the library does by itself in a Spring application. In comes the Context of an enqueue, out
 * goes the connection of the transaction that it is to join. Spring is optional: nothing outside of
 * this package knows it.
 */
@NullMarked
package io.shigoto.spring;

import org.jspecify.annotations.NullMarked;
