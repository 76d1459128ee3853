using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;
using MoeActors.Host.Http;
using MoeActors.Host.Reports;
using MoeActors.Host.Reports.Html;
using MoeActors.Host.Runs;
using MoeActors.Host.Tests.Progress;

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
            recorder.Ended("completed", Checkpoint(4, "partial"), SampleLedger.Empty(1));
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
            r.Ended("stopped", null, SampleLedger.Empty(1));
        }));
        Assert.False(IsEnded(r => r.Opened(Spec, "moe resume", resumed: true)));
    }

    [Fact]
    public void A_damaged_line_is_left_out_told_once_and_ends_nothing()
    {
        using var folder = new TemporaryFolder();
        using (var recorder = new RunRecorder(folder.Path))
        {
            recorder.Opened(Spec, "moe train", resumed: false);
            recorder.Step(Step(0, 1), 100);
            recorder.Step(Step(1, 1), 100);
            recorder.Fault(Fault(1));
            recorder.Fault(Fault(2));
            Assert.Null(recorder.TakeWarning());
        }

        Damage(folder.File(StepsLog.FileName), line: 0);
        Damage(folder.File(EventsLog.FileName), line: 1);
        using var next = new RunRecorder(folder.Path);
        string[] told = [next.TakeWarning()!, next.TakeWarning()!];
        Assert.Contains(told, t => t.StartsWith("report incomplete: steps.jsonl line 1:", StringComparison.Ordinal));
        Assert.Contains(told, t => t.StartsWith("report incomplete: events.jsonl line 2:", StringComparison.Ordinal));
        Assert.Null(next.TakeWarning());
        Assert.Equal(1, next.NewestEpoch); // the epoch's own event is not there: the steps know it
        next.Opened(Spec, "moe resume", resumed: true);
        next.Fault(Fault(1));
        next.Ended("stopped", null, SampleLedger.Empty(1));
        RunReport report = ReportWriter.Read(folder.Path);
        Assert.Equal([2, 3], report.Faults.Select(f => f.Id)); // the number of a fault that cannot be read is not given again
        Assert.Equal((2L, 1L), (report.Totals.Steps, report.Evidence!.MissingSteps));
        Assert.Equal(2, report.Evidence.LeftOut!.Count);
    }

    [Fact]
    public void Logs_that_cannot_be_written_are_told_once_and_written_again_when_they_can_be()
    {
        using var folder = new TemporaryFolder();
        var clock = new StoppedClock();
        clock.Advance(TimeSpan.FromSeconds(1));
        Directory.CreateDirectory(folder.File(StepsLog.FileName));
        Directory.CreateDirectory(folder.File(EventsLog.FileName));
        using var recorder = new RunRecorder(folder.Path, clock);
        recorder.Opened(Spec, "moe train", resumed: false);
        recorder.Step(Step(0, 1), 100);
        Assert.StartsWith("report incomplete: steps.jsonl cannot be written", recorder.TakeWarning(), StringComparison.Ordinal);
        while (recorder.TakeWarning() is { } more)
        {
            Assert.DoesNotContain("cannot be written", more, StringComparison.Ordinal);
        }

        Directory.Delete(folder.File(StepsLog.FileName));
        Directory.Delete(folder.File(EventsLog.FileName));
        clock.Advance(TimeSpan.FromSeconds(1));
        recorder.Note("going on");
        recorder.Step(Step(1, 1), 100);
        recorder.Ended("stopped", null, SampleLedger.Empty(1));
        EventHistory events = EventsLog.Read(folder.File(EventsLog.FileName));
        Assert.Equal("the logs are written again: 2 lines are missing before this one", Assert.Single(events.All, e => e.Type == "warning").Message);
        RunReport report = ReportWriter.Read(folder.Path);
        Assert.Equal((2L, "0"), (report.Totals.Steps, Assert.Single(report.Evidence!.Missing!)));
    }

    [Fact]
    public void A_report_that_cannot_be_written_is_told_and_ends_nothing()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File(ReportWriter.JsonName));
        File.WriteAllText(Path.Combine(folder.File(ReportWriter.JsonName), "x"), "");
        using var recorder = new RunRecorder(folder.Path);
        recorder.Opened(Spec, "moe train", resumed: false);
        recorder.Ended("completed", null, SampleLedger.Empty(1));
        Assert.StartsWith("report incomplete: report.json cannot be written", recorder.TakeWarning(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_time_in_which_nobody_trained_is_no_recovery_and_no_wall_time()
    {
        using var folder = new TemporaryFolder();
        var clock = new StoppedClock();
        using (var recorder = new RunRecorder(folder.Path, clock))
        {
            recorder.Opened(Spec, "moe train", resumed: false);
            clock.Advance(TimeSpan.FromSeconds(10));
            recorder.FaultUnderway(Fault(1) with { FirstStepMs = null, At = clock.GetUtcNow() });
        }

        clock.Advance(TimeSpan.FromHours(5));
        using (var recorder = new RunRecorder(folder.Path, clock))
        {
            recorder.Note("the coordinator takes over");
            clock.Advance(TimeSpan.FromSeconds(1));
            recorder.Opened(Spec, "moe resume", resumed: true);
            clock.Advance(TimeSpan.FromSeconds(5));
            recorder.Step(Step(0, 2), 5000);
            Assert.InRange(recorder.Ettr, 0.3, 0.4); // 5 s of 10 + 5
            recorder.Ended("stopped", null, SampleLedger.Empty(1));
        }

        RunReport report = ReportWriter.Read(folder.Path);
        Assert.Equal(15_000, report.Totals.WallMs);
        Assert.Equal(5000, Assert.Single(report.Faults).FirstStepMs);
    }

    private static void Damage(string path, int line)
    {
        string[] lines = File.ReadAllLines(path);
        lines[line] = lines[line].Replace("1", "2", StringComparison.Ordinal);
        File.WriteAllText(path, string.Concat(lines.Select(l => l + "\n")));
    }

    private static FaultTimeline Fault(int number) =>
        new("node-lost", $"node-{number}", 5, "backward", DateTimeOffset.UnixEpoch, 10, 20, 30, 400, 500, "live state", "downed", 1, false) { Number = number };

    private static DecidedStep Step(long step, int epoch) => new(step, epoch, 2, 64, 1, 0.001, new Dictionary<string, double>(), 0, false, 0, 0, 0) { Plt = 0 };

    private static CommittedCheckpoint Checkpoint(long step, string kind) => new(step, 100, [100], 50, "aa", "bb") { Kind = kind, SnapshotMs = 25 };

    private static RunSpec Load()
    {
        RunSpec spec = SettingsLoader.Load(new SettingsRequest { Overrides = [new SettingOverride("preset", ["tiny"], "PRESET")], WorkingFolder = "/" }).Run;
        return spec with { Checkpoint = spec.Checkpoint with { Mode = CheckpointMode.Partial, Interval = 2 } };
    }
}
