using MoeActors.Actors.Cluster;
using MoeActors.Compute.Models;
using MoeActors.Host.Configuration;
using MoeActors.Host.Http;
using MoeActors.Host.Reports;
using MoeActors.Host.Runs;

namespace MoeActors.Host.Tests.Runs;

/// <summary>What the coordinator tells its recorder ends in the report.</summary>
public sealed class RunRecorderTests
{
    private static readonly RunSpec Spec = Load();

    [Fact]
    public void A_partial_run_reports_kinds_stalls_lost_tokens_and_the_cost_of_its_fault()
    {
        using var folder = new TemporaryFolder();
        double partial = CheckpointMetrics.Committed.WithLabels("partial").Value, steps = StepMetrics.Committed.Value, replayed = StepMetrics.Replayed.Value;
        double rejoined = RecoveryMetrics.Phase.WithLabels("rejoined").Sum;
        using (var recorder = new RunRecorder(folder.Path))
        {
            recorder.Opened(Spec, "moe train", resumed: false);
            recorder.Step(Step(0, 1), 100);
            recorder.Step(Step(1, 1), 100);
            recorder.Checkpoint(Checkpoint(2, "full"));
            recorder.Step(Step(2, 1) with { SnapshotStallMs = 3 }, 103);
            recorder.Step(Step(3, 1) with { SnapshotStallMs = 40 }, 140);
            recorder.Checkpoint(Checkpoint(4, "partial"));
            recorder.Step(Step(4, 1), 100);
            recorder.Fault(new FaultTimeline("node-lost", "node-2", 5, "backward", DateTimeOffset.UtcNow, 10, 20, 30, 400, 500, "persisted checkpoint, snapshots in memory", "downed", 1, false) { Plt = 0.004 });
            recorder.Step(Step(4, 2) with { Plt = 0.0031 }, 100);
            recorder.Step(Step(5, 2) with { Plt = 0.0031 }, 100);
            Assert.InRange(recorder.Ettr, 0.5, 1); // the clock of a test stands nearly still
            recorder.Ended("completed", Checkpoint(4, "partial"));
        }

        RunReport report = ReportWriter.Read(folder.Path);
        Assert.Equal([("full", 43.0, 25.0), ("partial", 0.0, 25.0)], report.Checkpoints.Select(c => (c.Kind, c.StallMs, c.SnapshotMs!.Value)));
        Assert.Equal((0.004, "persisted checkpoint, snapshots in memory", "downed"), (report.Faults[0].Plt, report.Faults[0].Rung, report.Faults[0].Reason));

        // The ledger's last word, not the sum of the faults: a recovery may take back what was lost before it.
        Assert.Equal(0.0031, report.Totals.Plt);
        Assert.Equal(0.0031, report.Overhead!.Measured.Plt);
        Assert.Equal(Spec.Checkpoint.KPersist, report.Overhead.Inputs.KPersist);
        Assert.Equal(1, CheckpointMetrics.Committed.WithLabels("partial").Value - partial);
        Assert.Equal((7.0, 1.0), (StepMetrics.Committed.Value - steps, StepMetrics.Replayed.Value - replayed));
        Assert.Equal(0.4, RecoveryMetrics.Phase.WithLabels("rejoined").Sum - rejoined, 1e-9);
    }

    [Fact]
    public void Whether_the_end_is_written_is_known_to_the_next_coordinator_and_a_resumed_run_has_none_yet()
    {
        using var folder = new TemporaryFolder();
        bool IsEnded(Action<RunRecorder>? write = null)
        {
            using (var recorder = new RunRecorder(folder.Path))
            {
                write?.Invoke(recorder);
            }

            using var next = new RunRecorder(folder.Path);
            return next.IsEnded;
        }

        Assert.False(IsEnded());
        Assert.False(IsEnded(r => r.Opened(Spec, "moe train", resumed: false)));
        Assert.True(IsEnded(r =>
        {
            r.Opened(Spec, "moe train", resumed: true);
            r.Ended("stopped", null);
        }));
        Assert.False(IsEnded(r => r.Opened(Spec, "moe resume", resumed: true)));
    }

    private static DecidedStep Step(long step, int epoch) => new(step, epoch, 2, 64, 1, 0.001, 0, 0, 0, false, 0, 0, 0) { Plt = 0 };

    private static CommittedCheckpoint Checkpoint(long step, string kind) => new(step, 100, [100], 50, "aa", "bb") { Kind = kind, SnapshotMs = 25 };

    private static RunSpec Load()
    {
        RunSpec spec = SettingsLoader.Load(new SettingsRequest { Overrides = [new SettingOverride("preset", ["tiny"], "PRESET")], WorkingFolder = "/" }).Run;
        return spec with { Checkpoint = spec.Checkpoint with { Mode = CheckpointMode.Partial, Interval = 2 } };
    }
}
