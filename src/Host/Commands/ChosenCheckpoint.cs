using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Host.Commands;

/// <summary>The checkpoint a command works on.</summary>
internal static class ChosenCheckpoint
{
    /// <summary>That of <paramref name="step"/>; without one the newest that can be read; null where there is none.</summary>
    /// <param name="store">The run's checkpoints.</param>
    /// <param name="step">The step asked for.</param>
    /// <param name="say">Told of each newer one that is passed over, and why.</param>
    public static Manifest? Of(CheckpointStore store, long? step, Action<string> say) => step is { } asked
        ? store.Open(asked)
        : store.Newest(b => say($"{b.File}: {(b.NewerSchema ? "of a newer build" : "broken")}, an older one is taken: {b.Reason}"));
}
