using CsCheck;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Reports;

public sealed class CheckpointStallsTests
{
    [Fact]
    public void A_checkpoint_has_the_stalls_of_its_step_and_the_next() =>
        Assert.Equal([12.0, 34.0], Stalls([2, 6], (2, 2), (3, 10), (4, 0), (6, 30), (7, 4)));

    [Fact]
    public void With_a_checkpoint_at_every_step_each_has_the_stall_of_the_step_that_waited_for_it() =>
        Assert.Equal([11.0, 20.0, 30.0], Stalls([1, 2, 3], (1, 1), (2, 10), (3, 20), (4, 30)));

    [Fact]
    public void The_last_checkpoint_stalls_no_step() => Assert.Equal([5.0, 0], Stalls([1, 4], (0, 0), (1, 5), (2, 0), (3, 0)));

    [Fact]
    public void A_checkpoint_taken_again_after_a_recovery_takes_the_stalls_over()
    {
        CheckpointRecord[] both = [Checkpoint(2) with { Kind = "partial" }, Checkpoint(2)];
        Assert.Equal([0.0, 7.0], CheckpointStalls.Fill(both, [ReportFixture.Step(2) with { CheckpointStallMs = 7 }]).Select(c => c.StallMs));
    }

    [Fact]
    public void No_stall_is_counted_twice_and_none_of_a_step_beside_a_checkpoint_is_left_out() =>
        Gen.Select(Gen.Int[1, 12].HashSet[0, 8], Gen.Int[0, 100].Array[14]).Sample((taken, ms) =>
        {
            (long, double)[] steps = [.. ms.Select((m, s) => ((long)s, (double)m))];
            double beside = steps.Where(s => taken.Contains((int)s.Item1) || taken.Contains((int)s.Item1 - 1)).Sum(s => s.Item2);
            Assert.Equal(beside, Stalls([.. taken.Order().Select(t => (long)t)], steps).Sum());
        });

    private static double[] Stalls(long[] checkpoints, params (long Step, double Ms)[] steps) =>
        [.. CheckpointStalls.Fill([.. checkpoints.Select(Checkpoint)], [.. steps.Select(s => ReportFixture.Step(s.Step) with { CheckpointStallMs = s.Ms })]).Select(c => c.StallMs)];

    private static CheckpointRecord Checkpoint(long step) => new() { Step = step, Kind = "full", Bytes = 1, BytesPerRank = [1], PersistMs = 1, Verified = true };
}
