using System.Collections.Immutable;

using MoeActors.Actors.Protocol;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>A step takes too long, and the nodes were asked what they compute.</summary>
/// <param name="DeadlineMs">What it was allowed.</param>
/// <param name="AskedAt">Quiet ticks when they were asked.</param>
/// <param name="Answers">By node incarnation.</param>
internal sealed record StuckInquiry(double DeadlineMs, int AskedAt, ImmutableSortedDictionary<string, NodeProgress> Answers);
