using Effect = MoeActors.Actors.Cluster.Coordinator.CoordinatorEffect;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>How far a node is that came while a run is under way.</summary>
internal enum JoinerStage
{
    /// <summary>It must stay for a while first.</summary>
    Settling,

    /// <summary>It was told to get ready.</summary>
    Asked,

    /// <summary>It has opened the run's data and has room for its state.</summary>
    Ready,

    /// <summary>It cannot take part in this run.</summary>
    Unfit,
}
