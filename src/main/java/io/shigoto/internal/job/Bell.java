package io.shigoto.internal.job;

/** Told of what was just committed, so that those who wait for it look. */
@FunctionalInterface
public interface Bell {

  /** Tells of it. */
  void ring(News news);

  /** Tells that something may have happened that nobody told of: everybody looks. */
  default void everything() {}

  /** One that rings both. */
  default Bell and(Bell other) {
    Bell one = this;
    return new Bell() {
      @Override
      public void ring(News news) {
        one.ring(news);
        other.ring(news);
      }

      @Override
      public void everything() {
        one.everything();
        other.everything();
      }
    };
  }
}
