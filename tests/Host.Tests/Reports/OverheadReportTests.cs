using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Reports;

/// <summary>The overhead model's prediction beside what the run paid.</summary>
public sealed class OverheadReportTests
{
    private static readonly ReportInput Input = ReportFixture.Input;

    [Fact]
    public void The_model_is_told_the_runs_own_times()
    {
        OverheadReport overhead = ReportBuilder.Build(Input).Overhead!;
        Assert.Equal(100, overhead.Inputs.IterationMs);      // median of 100, 150 − 50 and 150
        Assert.Equal(180, overhead.Inputs.SnapshotMs);
        Assert.Equal(220, overhead.Inputs.PersistMs);
        Assert.Equal(2100, overhead.Inputs.RestartMs);
        Assert.Equal(300, overhead.Inputs.MtbfMs);           // three steps of 100 ms, one fault
        Assert.Equal(1, overhead.Predicted.ExpectedFaults, 9);
        Assert.Equal(80, overhead.Predicted.SaveMs, 9);      // 180 − 100
        Assert.Equal(2200, overhead.Predicted.RecoveryMs, 9);

        // I/(2·I_total)·[½·(8/1 − 1) + ½·(8/2 − 1)] of one fault.
        Assert.Equal(2.0 / 6 * 5, overhead.Predicted.Plt, 9);
    }

    [Fact]
    public void What_was_measured_is_what_the_run_paid()
    {
        MeasuredOverhead measured = ReportBuilder.Build(Input).Overhead!.Measured;
        Assert.Equal(50, measured.SaveMs);
        Assert.Equal(1, measured.Faults);
        Assert.Equal(2200, measured.RecoveryMs);             // 2100 until all were ready, one step of 100 again
        Assert.Equal(2250, measured.OverheadMs);
        Assert.Equal((0.35, 0.0125), (measured.Ettr, measured.Plt));
    }

    [Fact]
    public void Without_faults_none_is_predicted_and_the_best_interval_is_the_whole_run()
    {
        OverheadReport overhead = ReportBuilder.Build(Input with { Faults = [] }).Overhead!;
        Assert.Equal((0, 0), (overhead.Predicted.ExpectedFaults, overhead.Predicted.Plt));
        Assert.Equal(double.PositiveInfinity, overhead.Predicted.OptimalIntervalSteps);
        Assert.Null(overhead.Measured.RecoveryMs);
    }

    [Fact]
    public void While_the_run_goes_on_and_where_there_is_nothing_to_compare_there_is_no_prediction()
    {
        Assert.Null(ReportBuilder.Build(Input with { Outcome = "running" }).Overhead);
        Assert.Null(ReportBuilder.Build(Input with { Checkpoints = [] }).Overhead);
        Assert.Null(ReportBuilder.Build(Input with { History = StepHistory.Empty }).Overhead);
        Assert.Null(ReportBuilder.Build(Input with { Checkpointing = null }).Overhead);
    }

    [Theory]
    [InlineData(CheckpointMode.Full, "eq6", VaultUse.Auto, 4, 4, 1.0)]
    [InlineData(CheckpointMode.Partial, "eq6", VaultUse.Auto, 2, 1, 0.5)]
    [InlineData(CheckpointMode.Partial, "eq6", VaultUse.Off, 2, 1, 1.0)]
    [InlineData(CheckpointMode.Partial, "w", VaultUse.Auto, 4, 4, 0.5)]
    public void The_record_says_what_a_fault_can_lose(CheckpointMode mode, string mask, VaultUse vault, int kSnapshot, int kPersist, double failed)
    {
        RunSpec spec = SettingsLoader.Load(new SettingsRequest { Overrides = [new SettingOverride("preset", ["tiny"], "PRESET")], WorkingFolder = "/" }).Run;
        spec = spec with { Nodes = 2, Checkpoint = spec.Checkpoint with { Mode = mode, Mask = mask, Vault = vault } };
        Assert.Equal(
            new CheckpointSettings(spec.Training.Steps, spec.Checkpoint.Interval, spec.Model.Moe.Experts, kSnapshot, kPersist, failed), CheckpointSettings.Of(spec));
    }
}
