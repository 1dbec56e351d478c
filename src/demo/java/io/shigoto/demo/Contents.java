package io.shigoto.demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.CompletionHandler;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Schedulers;

/**
 * Reads a file piece by piece without holding a thread; opening and closing, for which there is no
 * asynchronous call, are left to threads that may block.
 */
final class Contents {

  private static final int PIECE = 64 * 1024;

  private Contents() {}

  /** Reads the file from its beginning to its end when subscribed. Cancel: closes it. */
  static Mono<FileCount> count(Path file, WordRule rule) {
    return Mono.usingWhen(open(file), channel -> count(channel, new Tally(rule)), Contents::close);
  }

  private static Mono<FileCount> count(AsynchronousFileChannel channel, Tally tally) {
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    return Mono.defer(() -> read(channel, piece.clear(), tally.bytes()))
        .doOnNext(length -> tally.add(piece.flip()))
        .repeat()
        .takeUntil(length -> length < 0)
        .then(Mono.fromSupplier(tally::total));
  }

  /** Emits how many bytes were read, or -1 at the end of the file. */
  private static Mono<Integer> read(
      AsynchronousFileChannel channel, ByteBuffer into, long position) {
    return Mono.create(sink -> channel.read(into, position, sink, new Answer()));
  }

  private static Mono<AsynchronousFileChannel> open(Path file) {
    return Mono.fromCallable(() -> AsynchronousFileChannel.open(file, StandardOpenOption.READ))
        .subscribeOn(Schedulers.boundedElastic());
  }

  private static Mono<Void> close(AsynchronousFileChannel channel) {
    return Mono.<Void>fromRunnable(
            () -> {
              try {
                channel.close();
              } catch (IOException readAlready) {
                // Everything that matters was read.
              }
            })
        .subscribeOn(Schedulers.boundedElastic());
  }

  private static final class Answer implements CompletionHandler<Integer, MonoSink<Integer>> {

    @Override
    public void completed(Integer length, MonoSink<Integer> sink) {
      sink.success(length);
    }

    @Override
    public void failed(Throwable error, MonoSink<Integer> sink) {
      sink.error(error);
    }
  }
}
