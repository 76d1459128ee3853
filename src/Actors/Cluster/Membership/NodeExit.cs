using Akka.Actor;
using Akka.Event;

namespace MoeActors.Actors.Cluster.Membership;

/// <summary>Exit codes of a node process.</summary>
public static class NodeExit
{
    /// <summary>A clean end.</summary>
    public const int Ok = 0;

    /// <summary>A peer or the cluster refused this node.</summary>
    public const int Refused = 6;

    /// <summary>Memory, disk or port missing.</summary>
    public const int Resources = 7;

    /// <summary>The device supervisor failed.</summary>
    public const int DeviceFailed = 20;

    /// <summary>The node was downed or quarantined by the others; a new process may join.</summary>
    public const int Downed = 21;

    /// <summary>The coordinator lost its journal; a new process may do better, or another node.</summary>
    public const int CoordinatorFailed = 22;

    /// <summary>The journal is damaged: every process finds it so until somebody moves it away.</summary>
    public const int JournalDamaged = 26;

    /// <summary>The compute thread hangs; only the end of the process frees it.</summary>
    public const int Hung = 24;

    /// <summary>Actors of this node fail again and again, or a step found it hanging; a new process may do better.</summary>
    public const int ActorsFailed = 25;

    /// <summary>None of the nodes to join answers; under a supervisor a new process is told the nodes that live then.</summary>
    public const int Unreachable = 23;
}
