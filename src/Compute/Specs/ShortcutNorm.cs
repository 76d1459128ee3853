namespace MoeActors.Compute.Specs;

/// <summary>The norm through which gate and routed experts read a shortcut.</summary>
public enum ShortcutNorm
{
    /// <summary>One of its own.</summary>
    Own,

    /// <summary>That of the block, which the shared experts read through.</summary>
    Block,
}
