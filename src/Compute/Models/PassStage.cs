namespace MoeActors.Compute.Models;

/// <summary>What one stage of a pass does to the residual stream.</summary>
public enum StageKind
{
    /// <summary>h += attention(norm(h)).</summary>
    Attention,

    /// <summary>h += feed-forward(norm(h)), of a block without experts.</summary>
    FeedForward,

    /// <summary>The gate reads norm(h), and the rows it chose leave for their experts. The graph is cut here where that is early. Backward: waits for the rows' gradients.</summary>
    Dispatch,

    /// <summary>h += shared experts(norm(h)). Needs no routed expert: it runs while rows are on their way.</summary>
    Shared,

    /// <summary>Waits for the experts' outputs and adds them: h += Σ w·y. The graph is cut here. Backward: the outputs' gradients leave.</summary>
    Combine,

    /// <summary>h = norm(h), before the head.</summary>
    FinalNorm,
}

/// <summary>One stage of a pass. Pure data.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Block">Index of the block it belongs to; -1 for the final norm.</param>
/// <param name="Cut">Ordinal of the exchange with the experts it begins, overlaps or ends, 0 …; -1 where it has none.</param>
public readonly record struct PassStage(StageKind Kind, int Block, int Cut)
{
    /// <summary>Whether its exchange begins before the block that it belongs to, or that block's attention: its experts read a shortcut. The graph is cut where it begins, too, so that what overlaps with it forward does so backward.</summary>
    public bool Early { get; init; }
}
