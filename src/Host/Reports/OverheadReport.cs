using MoeActors.Compute.Checkpoints.Partial;

namespace MoeActors.Host.Reports;

/// <summary>What checkpoints and faults cost a run, as the overhead model predicts it from the run's own times, beside what was measured.</summary>
/// <param name="Inputs">What the model was told.</param>
/// <param name="Predicted">What it says, for the whole run as planned.</param>
/// <param name="Measured">What the run paid.</param>
public sealed record OverheadReport(OverheadInputs Inputs, OverheadPrediction Predicted, MeasuredOverhead Measured)
{
    /// <summary>
    /// The comparison for a run that has ended; null while it runs, without steps, or without checkpoints to speak of. Pure. T_iter is the median step less its stall (and stands
    /// for T_F&amp;B in logs of builds that did not measure it), T_F&amp;B the median of the steps that tell it; T_snapshot and T_persist are medians over the checkpoints, O_restart is the mean time from a fault until all ranks were ready, and
    /// the MTBF is the computing time between faults.
    /// </summary>
    /// <param name="input">The run's logs.</param>
    /// <param name="totals">Its totals.</param>
    public static OverheadReport? Of(ReportInput input, RunTotals totals)
    {
        StepLine[] steps = [.. input.History.Steps.Where(s => !s.Skipped)];
        double iteration = Percentiles.Of(steps.Select(s => Math.Max(0, s.Ms - s.CheckpointStallMs)))?.P50 ?? 0;
        if (input.Checkpointing is not { } settings || input.Outcome == "running" || iteration <= 0 || input.Checkpoints.Count == 0)
        {
            return null;
        }

        FaultRecord[] recovered = [.. input.Faults.Where(f => f.FirstStepMs is not null)];
        double computing = iteration * input.History.Steps.Count;
        var inputs = new OverheadInputs
        {
            ForwardBackwardMs = Percentiles.Of(steps.Select(s => s.ForwardBackwardMs).OfType<double>())?.P50 ?? iteration,
            IterationMs = iteration,
            SnapshotMs = Percentiles.Of(input.Checkpoints.Select(c => c.SnapshotMs).OfType<double>())?.P50 ?? 0,
            PersistMs = Percentiles.Of(input.Checkpoints.Select(c => c.PersistMs))!.P50,
            RestartMs = recovered.Select(f => f.RejoinedMs ?? 0).DefaultIfEmpty().Average(),
            TotalSteps = settings.TotalSteps,
            IntervalSteps = settings.Interval > 0 ? settings.Interval : settings.TotalSteps,
            MtbfMs = recovered.Length > 0 ? computing / recovered.Length : double.PositiveInfinity,
            Experts = settings.Experts,
            KSnapshot = settings.KSnapshot,
            KPersist = settings.KPersist,
            FailedShare = settings.FailedShare,
        };
        IReadOnlyList<CheckpointRecord> checkpoints = CheckpointStalls.Fill(input.Checkpoints, input.History.Steps);
        double[] stalls = [.. checkpoints.Where(c => input.History.Steps.Any(s => s.Step >= c.Step)).Select(c => c.StallMs)];
        double[] recoveries = [.. recovered.Select(f => (f.RejoinedMs ?? 0) + (f.LostSteps * iteration))];
        return new OverheadReport(inputs, OverheadModel.Predict(inputs), new MeasuredOverhead(
            stalls.Length > 0 ? stalls.Average() : null, recovered.Length, recoveries.Length > 0 ? recoveries.Average() : null, stalls.Sum() + recoveries.Sum(), totals.Ettr, totals.Plt));
    }
}

/// <summary>What checkpoints and faults cost a run.</summary>
/// <param name="SaveMs">Mean stall of the checkpoints that steps followed; null without any.</param>
/// <param name="Faults">Faults recovered from.</param>
/// <param name="RecoveryMs">Mean over the faults: until all ranks were ready, and the lost steps at T_iter; null without faults.</param>
/// <param name="OverheadMs">All stalls and recoveries.</param>
/// <param name="Ettr">That of the totals: over wall time, so start, evaluations and the wait for nodes weigh on it too.</param>
/// <param name="Plt">That of the totals.</param>
public sealed record MeasuredOverhead(double? SaveMs, int Faults, double? RecoveryMs, double OverheadMs, double Ettr, double Plt);
