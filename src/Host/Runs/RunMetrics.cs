using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Host.Http;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>What is written down of a run, as metrics of the process that its coordinator lives in.</summary>
internal static class RunMetrics
{
    private static void Router(StepLine step)
    {
        foreach ((string name, double value) in step.Losses ?? new Dictionary<string, double>())
        {
            StepMetrics.AuxiliaryLoss.WithLabels(name).Set(value);
        }

        for (int layer = 0; layer < (step.Load?.Count ?? 0); layer++)
        {
            string label = layer.ToString(System.Globalization.CultureInfo.InvariantCulture);
            StepMetrics.LoadMaxOverMean.WithLabels(label).Set(RouterLoad.MaxOverMean(step.Load![layer]));
            StepMetrics.LoadEntropy.WithLabels(label).Set(RouterLoad.Entropy(step.Load[layer]));
        }
    }

    public static void Step(StepLine step)
    {
        StepMetrics.Committed.Inc();
        StepMetrics.Tokens.Inc(step.Tokens);
        StepMetrics.Dropped.Inc(step.Dropped);
        StepMetrics.LearningRate.Set(step.LearningRate);
        StepMetrics.GradientNorm.Set(step.GradientNorm);
        StepMetrics.Duration.Observe(step.Ms / 1000);
        ExchangeMetrics.Exposed.Observe(step.ExposedCommunicationMs / 1000);
        Router(step);
        if (step.Skipped)
        {
            StepMetrics.Skipped.Inc();
        }

        if (step.CheckpointStallMs > 0)
        {
            CheckpointMetrics.Stall.Observe(step.CheckpointStallMs / 1000);
        }
    }

    public static void Checkpoint(CommittedCheckpoint checkpoint)
    {
        CheckpointMetrics.Committed.WithLabels(checkpoint.Kind).Inc();
        CheckpointMetrics.Bytes.Inc(checkpoint.Bytes);
        CheckpointMetrics.Persist.Observe(checkpoint.PersistMs / 1000);
    }

    public static void FaultUnderway() => RecoveryMetrics.UnderWay.Set(1);

    public static void Fault(FaultTimeline fault)
    {
        RecoveryMetrics.UnderWay.Set(0);
        RecoveryMetrics.Faults.WithLabels(fault.Kind, fault.Injected ? "true" : "false").Inc();
        RecoveryMetrics.Recoveries.WithLabels(fault.Rung).Inc();
        StepMetrics.Replayed.Inc(fault.LostSteps);
        Phase("detected", fault.DetectedMs);
        Phase("decided", fault.DecidedMs);
        Phase("fetched", fault.FetchedMs);
        Phase("restored", fault.RestoredMs);
        Phase("rejoined", fault.RejoinedMs);
        Phase("first-step", fault.FirstStepMs ?? 0);

        static void Phase(string name, double ms)
        {
            if (ms > 0)
            {
                RecoveryMetrics.Phase.WithLabels(name).Observe(ms / 1000);
            }
        }
    }
}
