using CsCheck;

using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>The run coordinator under any sequence of events; <see cref="MachineWatch"/> holds the invariants.</summary>
public sealed class CoordinatorMachineProperties
{
    private const int Runs = 800;

    private static readonly Gen<Shape> AnyRun = Gen.Select(Gen.Int[1, 10], Gen.Int[1, 4], Gen.Int[0, 4], Gen.Int[0, 3], Gen.Int[-1, 2]).Select(
        (steps, nodes, interval, evaluate, copies) => new Shape(steps, nodes, interval, evaluate, copies));

    private sealed record Shape(int Steps, int Nodes, int CheckpointEvery, int EvaluateEvery, int Copies)
    {
        public RunSpec Spec(int stopAfter = 5) => Specs.Run(Steps, Nodes, CheckpointEvery, EvaluateEvery, stopAfter) with
        {
            Recovery = Copies < 0 ? null : new RecoverySpec { Copies = Copies },
        };
    }

    [Fact]
    public void Whatever_order_things_arrive_in_an_undisturbed_run_decides_each_step_once_and_ends() =>
        Gen.Select(AnyRun, Gen.Int).Sample(
            (shape, seed) =>
            {
                var run = new VirtualRun(shape.Spec(), seed);
                while (!run.IsQuiet)
                {
                    run.Deliver(again: 0.2);
                }

                Assert.Equal(["completed"], run.Watch.Outcomes);
                Assert.Equal(Enumerable.Range(0, shape.Steps), run.Watch.Steps.Select(s => (int)s.Step));
                Assert.Equal(shape.Steps, run.State.NewestCheckpoint);
                Assert.Equal(1, run.Watch.Epochs);
            },
            iter: Runs / 3);

    [Fact]
    public void Whatever_dies_and_whenever_the_run_completes_once_the_nodes_are_back() =>
        Gen.Select(AnyRun, Gen.Int, Gen.Int[0, 40].Array[0, 8], Gen.Int[0, 4].Array[8]).Sample(
            (shape, seed, pauses, kinds) =>
            {
                var run = new VirtualRun(shape.Spec(), seed);
                Disturb(run, pauses, kinds);
                run.Settle();
                Assert.Equal(["completed"], run.Watch.Outcomes);
                Assert.Equal((long)shape.Steps, run.State.NewestCheckpoint);
                Assert.Equal(shape.Steps * 4L, run.State.CheckpointLedger.Contributed);
            },
            iter: Runs);

    [Fact]
    public void With_copies_the_loss_of_one_node_at_a_time_undoes_no_decided_step() =>
        Gen.Select(Gen.Int[2, 10], Gen.Int[2, 4], Gen.Int[0, 4], Gen.Int[0, 3], Gen.Int).Sample(
            (steps, nodes, interval, evaluate, seed) =>
            {
                var run = new VirtualRun(new Shape(steps, nodes, interval, evaluate, 1).Spec(), seed);
                int before = 0;
                for (int fault = 0; fault < 3; fault++)
                {
                    // The copies are complete again once a step of the new epoch is decided.
                    while (!run.IsQuiet && (run.Watch.Epochs == before || run.Watch.Steps.Count == 0 || run.Watch.Steps[^1].Epoch < run.Watch.Epochs))
                    {
                        run.Deliver();
                    }

                    before = run.Watch.Epochs;

                    // Where the patience with a replacement was over one node may be all there is: no one holds copies.
                    if (run.State.Phase == RunPhase.Ended || run.State.Participants.Count < 2)
                    {
                        break;
                    }

                    run.Kill();
                    run.Restart();
                }

                run.Settle();
                Assert.Equal(["completed"], run.Watch.Outcomes);
                Assert.Equal(Enumerable.Range(0, steps), run.Watch.Steps.Select(s => (int)s.Step));
            },
            iter: Runs);

    [Fact]
    public void A_run_that_is_stopped_ends_with_a_checkpoint_of_its_last_step_whatever_dies() =>
        Gen.Select(AnyRun, Gen.Int, Gen.Int[0, 40].Array[0, 5], Gen.Int[0, 4].Array[5], Gen.Int[0, 4]).Sample(
            (shape, seed, pauses, kinds, when) =>
            {
                var run = new VirtualRun(shape.Spec(), seed);
                for (int i = 0; i < when * 5 && !run.IsQuiet; i++)
                {
                    run.Deliver();
                }

                bool over = run.State.Phase == RunPhase.Ended;
                run.Stop();
                Disturb(run, pauses, kinds);
                run.Settle();
                string outcome = Assert.Single(run.Watch.Outcomes);
                Assert.Contains(outcome, over ? ["completed"] : new[] { "stopped", "completed" });
                Assert.True(outcome == "stopped" || run.State.NewestCheckpoint == shape.Steps);
                Assert.Equal(run.State.NewestCheckpoint, run.State.CheckpointLedger.Steps);
            },
            iter: Runs);

    [Fact]
    public void Steps_that_are_not_finite_are_skipped_or_end_the_run_just_as_without_any_failure() =>
        Gen.Select(AnyRun, Gen.Int, Gen.Int[0, 40].Array[0, 5], Gen.Int[0, 4].Array[5], Gen.Int[0, 1023], Gen.Int[0, 3]).Sample(
            (shape, seed, pauses, kinds, bad, stopAfter) =>
            {
                RunSpec spec = shape.Spec(stopAfter);
                bool IsFinite(long step) => ((bad >> (int)step) & 1) == 0;
                int longest = 0, now = 0;
                for (int s = 0; s < shape.Steps; s++)
                {
                    longest = Math.Max(longest, now = IsFinite(s) ? 0 : now + 1);
                }

                var run = new VirtualRun(spec, seed, IsFinite);
                Disturb(run, pauses, kinds);
                run.Settle();
                string outcome = Assert.Single(run.Watch.Outcomes);
                Assert.StartsWith(longest > stopAfter ? "failed: non-finite" : "completed", outcome, StringComparison.Ordinal);
            },
            iter: Runs);

    [Fact]
    public void Checkpoints_that_cannot_be_written_never_leave_a_run_hanging() =>
        Gen.Select(AnyRun, Gen.Int, Gen.Double[0, 1], Gen.Bool, Gen.Int[0, 40].Array[0, 3], Gen.Int[0, 4].Array[3]).Sample(
            (shape, seed, fails, stop, pauses, kinds) =>
            {
                var run = new VirtualRun(shape.Spec(), seed) { PublishFails = fails };
                Disturb(run, pauses, kinds);
                if (stop)
                {
                    run.Stop();
                }

                run.Settle();
                string outcome = Assert.Single(run.Watch.Outcomes);
                bool lastFailed = outcome.StartsWith("failed: the last checkpoint could not be written", StringComparison.Ordinal);
                // Each time it is taken again counts as a failure.
                bool spent = outcome.Contains("failure without a step between", StringComparison.Ordinal);
                Assert.True(outcome is "completed" or "stopped" || lastFailed || (spent && fails > 0), outcome);
                Assert.True(!lastFailed || stop || run.State.Step == shape.Steps, "a checkpoint along the way costs only itself");
            },
            iter: Runs);

    private static void Disturb(VirtualRun run, int[] pauses, int[] kinds)
    {
        int failures = 0;
        for (int i = 0; i < pauses.Length; i++)
        {
            for (int n = 0; n < pauses[i] && !run.IsQuiet; n++)
            {
                run.Deliver(again: 0.1);
            }

            if (run.State.Phase == RunPhase.Ended)
            {
                return;
            }

            switch (kinds[i])
            {
                case 0:
                    run.Kill();
                    break;
                case 1:
                    run.Kill();
                    run.Kill();
                    break;
                case 2:
                    run.StartAgain();
                    break;
                case 3:
                    run.TakeOver();
                    break;
                default:
                    if (failures++ < FailurePolicy.Alike)
                    {
                        run.FailActor();
                    }

                    break;
            }
        }
    }
}
