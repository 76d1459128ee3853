namespace MoeActors.Compute.Specs;

/// <summary>What the routed experts of a block with an MoE layer read.</summary>
public enum BlockKind
{
    /// <summary>What the block's own attention left, as its shared experts do.</summary>
    Standard,

    /// <summary>Something of the block before, by a shortcut, so that their exchange overlaps with what lies between (ScMoE, Cai et al. 2024).</summary>
    ScMoe,
}
