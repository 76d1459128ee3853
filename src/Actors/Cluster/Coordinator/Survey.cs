using System.Collections.Immutable;

using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;

using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>What the nodes of the epoch that is about to begin are asked.</summary>
/// <param name="Placement">Who takes part.</param>
/// <param name="Answers">Answers so far, by node incarnation.</param>
internal sealed record Survey(Placement Placement, ImmutableSortedDictionary<string, Holdings> Answers);
