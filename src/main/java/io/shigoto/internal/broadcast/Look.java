package io.shigoto.internal.broadcast;

import java.util.List;
import java.util.Map;

/**
 * What a node saw when it looked.
 *
 * @param snapshot PostgreSQL's word for which transactions it saw; the next look begins there
 * @param newest the highest id that it saw, of whatever topic
 * @param ids of the messages that it saw for the first time, by topic, ascending
 */
record Look(String snapshot, long newest, Map<String, List<Long>> ids) {}
