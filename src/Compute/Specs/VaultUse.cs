namespace MoeActors.Compute.Specs;

/// <summary>Whether snapshots stay in the node's memory after they are durable, as the first place a survivor restores from.</summary>
public enum VaultUse
{
    /// <summary>On with partial checkpoints.</summary>
    Auto,

    /// <summary>Kept.</summary>
    On,

    /// <summary>Freed when durable.</summary>
    Off,
}
