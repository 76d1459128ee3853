namespace MoeActors.Compute.Specs;

/// <summary>Where in the block before the shortcut of a <see cref="BlockKind.ScMoe"/> block begins (ScMoE, figure 4).</summary>
public enum ShortcutPosition
{
    /// <summary>At its output: attention and shared experts overlap with the exchange.</summary>
    Pos1,

    /// <summary>After its attention: its feed-forward network does too.</summary>
    Pos2,

    /// <summary>At its input: its attention does too.</summary>
    Pos3,
}
