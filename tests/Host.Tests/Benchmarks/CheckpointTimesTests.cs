using MoeActors.Bench;
using MoeActors.Bench.Checkpoints;
using MoeActors.Bench.Processes;

namespace MoeActors.Host.Tests.Benchmarks;

public sealed class CheckpointTimesTests
{
    private static readonly DateTimeOffset Begun = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_wait_behind_a_blocking_checkpoint_is_its_stall_and_all_it_adds()
    {
        // Steps of 100 ms, a checkpoint after every third, published 70 ms after its decision while training waits.
        RunTrace run = Trace([100, 100, 100, 170, 100, 100, 170, 100, 100], [], (3, 370), (6, 740));

        CheckpointTime time = Assert.Single(CheckpointTimes.Measure(run, blocking: true, 100, steps: 9));
        Assert.Equal((70, 170, 70, 70), (time.StallMs, time.IterationMs, time.AddedMs, time.DurableMs));
        Assert.Equal(1000.0 / 1070, time.SpeedShare, 12);
        Assert.Equal([100, 100, 100], CheckpointTimes.Ordinary(run, 3, 9)); // steps 3, 6 and 9
    }

    [Fact]
    public void The_stall_of_an_asynchronous_checkpoint_is_reported_with_the_two_steps_behind_it_and_all_steps_to_its_publication_count_as_added()
    {
        // Checkpoints after 4 and 8 steps; the second is decided at 850 and published in the third step behind it.
        RunTrace run = Trace(
            [100, 100, 100, 100, 120, 110, 100, 120, 130, 115, 105, 100], [(5, 7), (6, 3), (9, 9), (10, 4)], (4, 500), (8, 850 + 130 + 115 + 60));

        CheckpointTime time = Assert.Single(CheckpointTimes.Measure(run, blocking: false, 100, steps: 10));
        Assert.Equal(13, time.StallMs);
        Assert.Equal(134, time.IterationMs);
        Assert.Equal(30 + 15 + 5, time.AddedMs);
        Assert.Equal(305, time.DurableMs);
    }

    [Fact]
    public void The_first_checkpoint_and_those_not_followed_to_their_publication_are_not_measured()
    {
        RunTrace run = Trace([100, 100, 100, 100, 100, 100], [], (2, 220), (4, 601));

        Assert.Empty(CheckpointTimes.Measure(run, blocking: false, 100, steps: 6));
    }

    [Fact]
    public void Steps_that_begin_before_a_publication_are_not_ordinary_however_late_it_is()
    {
        RunTrace run = Trace([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [], (4, 10 + 5 + 6 + 7 + 1));

        Assert.Equal([3, 4], CheckpointTimes.Ordinary(run, 4, 8)); // 5 and 6 in any case, 7 and 8 for the publication
    }

    [Fact]
    public void The_publication_is_timed_by_the_first_event_and_described_by_the_last()
    {
        RunTrace run = RunTrace.Of(
            [Step(1, 100)],
            [
                new EventDone(Begun, "epoch", null),
                new EventDone(Begun.AddMilliseconds(150), "checkpoint", new CheckpointDone(1, 10, [4, 6], 20)),
                new EventDone(Begun.AddMilliseconds(190), "checkpoint", new CheckpointDone(1, 10, [4, 6], 20, 5)),
            ]);

        PublishedCheckpoint published = Assert.Single(run.Published);
        Assert.Equal((150, 5), (published.AtMs, published.SnapshotMs));
    }

    [Fact]
    public void A_run_that_lost_a_node_is_refused()
    {
        BenchException e = Assert.Throws<BenchException>(() => RunTrace.Of([], [new EventDone(Begun, "epoch", null), new EventDone(Begun, "epoch", null)]));

        Assert.Contains("2 epochs", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 20, "--interval 1: at least 2")]
    [InlineData(4, 9, "--steps 9: at least 10 with --interval 4")]
    public void Too_few_steps_to_measure_a_checkpoint_are_refused_in_one_sentence(int interval, int steps, string message)
    {
        BenchException e = Assert.Throws<BenchException>(new CheckpointOptions { Interval = interval, Steps = steps }.Validate);

        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
    }

    private static RunTrace Trace(double[] ms, (int Step, double Ms)[] stalls, params (long Step, double AtMs)[] published) => new(
        [.. ms.Select((m, i) => Step(i + 1, m, stalls.FirstOrDefault(s => s.Step == i + 1).Ms))],
        [.. published.Select(p => new PublishedCheckpoint(p.Step, p.AtMs, 10, [5, 5], 1, null))]);

    private static StepDone Step(int n, double ms, double stallMs = 0) => new(n, 1, 2048, ms, 0, stallMs);
}
