using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Diagnostics;

/// <summary>PURE: the kind of an exception, as it is told to other processes.</summary>
internal static class FailureCauses
{
    /// <summary>Kind of what lies at the bottom of <paramref name="failure"/>.</summary>
    public static FailureCause Of(Exception failure) => failure switch
    {
        AggregateException { InnerException: { } inner } => Of(inner),
        Akka.Actor.ActorInitializationException { InnerException: { } inner } => Of(inner),
        CorpusException => FailureCause.Data,
        SpecException => FailureCause.Configuration,
        CheckpointException => FailureCause.Checkpoint,
        IOException or UnauthorizedAccessException or OutOfMemoryException => FailureCause.Resources,
        _ => FailureCause.Unexpected,
    };
}
