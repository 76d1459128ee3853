using System.Collections.Immutable;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>Times of a run's own steps.</summary>
/// <param name="ForwardBackwardMs">T_F&amp;B of each.</param>
/// <param name="IterationMs">T_iter of each.</param>
/// <param name="Checkpoints">Checkpoints published meanwhile.</param>
internal sealed record RunMeasurements(ImmutableList<double> ForwardBackwardMs, ImmutableList<double> IterationMs, int Checkpoints)
{
    /// <summary>Steps kept: the newest.</summary>
    public const int Kept = 32;

    /// <summary>Nothing yet.</summary>
    public static RunMeasurements None { get; } = new([], [], 0);

    /// <summary>With a decided step.</summary>
    public RunMeasurements Add(DecidedStep step) => this with
    {
        ForwardBackwardMs = With(ForwardBackwardMs, step.ForwardBackwardMs),
        IterationMs = With(IterationMs, step.PreviousMs),
    };

    // What was not measured is 0.
    private static ImmutableList<double> With(ImmutableList<double> values, double value) =>
        value <= 0 ? values : (values.Count == Kept ? values.RemoveAt(0) : values).Add(value);
}
