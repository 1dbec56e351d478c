/** The statements as the server sees them: their texts, their plans, their locks. */
@NullMarked
package io.shigoto.sql;

import org.jspecify.annotations.NullMarked;
