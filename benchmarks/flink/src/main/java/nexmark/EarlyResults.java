package nexmark;

import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.windowing.triggers.Trigger;
import org.apache.flink.streaming.api.windowing.triggers.TriggerResult;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;

/** Fires when a window ends, and before that every so often after the first record that no result holds yet. */
final class EarlyResults extends Trigger<Object, TimeWindow> {
  private static final ValueStateDescriptor<Long> DUE = new ValueStateDescriptor<>("due", Long.class);

  private final long everyMs;

  EarlyResults(long everyMs) {
    this.everyMs = everyMs;
  }

  @Override
  public TriggerResult onElement(Object record, long timestamp, TimeWindow window, TriggerContext context)
      throws Exception {
    ValueState<Long> due = context.getPartitionedState(DUE);
    if (due.value() != null) return TriggerResult.CONTINUE;
    long time = context.getCurrentProcessingTime() + everyMs;
    due.update(time);
    context.registerProcessingTimeTimer(time);
    context.registerEventTimeTimer(window.maxTimestamp());
    return TriggerResult.CONTINUE;
  }

  @Override
  public TriggerResult onProcessingTime(long time, TimeWindow window, TriggerContext context)
      throws Exception {
    context.getPartitionedState(DUE).clear();
    return TriggerResult.FIRE;
  }

  @Override
  public TriggerResult onEventTime(long time, TimeWindow window, TriggerContext context) {
    return time == window.maxTimestamp() ? TriggerResult.FIRE : TriggerResult.CONTINUE;
  }

  @Override
  public void clear(TimeWindow window, TriggerContext context) throws Exception {
    ValueState<Long> due = context.getPartitionedState(DUE);
    if (due.value() != null) context.deleteProcessingTimeTimer(due.value());
    due.clear();
    context.deleteEventTimeTimer(window.maxTimestamp());
  }
}
