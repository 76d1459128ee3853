namespace MoeActors.Bench;

/// <summary>Names of the benchmarks: of this program's cases, and what `moe bench` takes; compiled into both.</summary>
internal static class CaseNames
{
    /// <summary>The optimizer's update.</summary>
    public const string Optimizer = "optimizer";

    /// <summary>The copy of the state that a checkpoint is written from.</summary>
    public const string SnapshotCopy = "snapshot-copy";

    /// <summary>The data plane.</summary>
    public const string Exchange = "exchange";

    /// <summary>One MoE layer.</summary>
    public const string MoeLayer = "moe-layer";

    /// <summary>A training step.</summary>
    public const string Step = "step";

    /// <summary>Memory of a node.</summary>
    public const string Memory = "memory";

    /// <summary>Time to recover.</summary>
    public const string Recovery = "recovery";

    /// <summary>Writing checkpoints.</summary>
    public const string Storage = "storage";

    /// <summary>Copies of the state on other nodes.</summary>
    public const string Copies = "copies";

    /// <summary>Watching the state for silent corruption.</summary>
    public const string Integrity = "integrity";

    /// <summary>What a run watches of its routing.</summary>
    public const string Counting = "counting";

    /// <summary>The emulated link's truth about time.</summary>
    public const string Link = "link";

    /// <summary>Whole runs with full and partial checkpoints.</summary>
    public const string Checkpoint = "checkpoint";

    /// <summary>Quality of models under partial checkpoints.</summary>
    public const string PltQuality = "plt-quality";

    /// <summary>Gates beside each other.</summary>
    public const string Gates = "gates";

    /// <summary>This build beside another.</summary>
    public const string Versus = "versus";

    /// <summary>Those that take minutes to hours, gigabytes of memory and disk, or another build: only for those who ask for them.</summary>
    public static IReadOnlyList<string> OnlyAsked { get; } = [Checkpoint, PltQuality, Gates, Versus];

    /// <summary>All of them, in the order in which they run.</summary>
    public static IReadOnlyList<string> All { get; } = [Optimizer, SnapshotCopy, Exchange, MoeLayer, Step, Memory, Recovery, Storage, Copies, Integrity, Counting, Link, .. OnlyAsked];
}
