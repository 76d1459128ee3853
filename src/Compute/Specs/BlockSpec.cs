namespace MoeActors.Compute.Specs;

/// <summary>How the parts of a block with an MoE layer are connected.</summary>
public sealed record BlockSpec
{
    /// <summary>What the routed experts read.</summary>
    public BlockKind Kind { get; init; }

    /// <summary>Where the shortcut begins; read by <see cref="BlockKind.ScMoe"/> alone.</summary>
    public ShortcutPosition Shortcut { get; init; } = ShortcutPosition.Pos2;

    /// <summary>Through which norm the shortcut is read; read by <see cref="BlockKind.ScMoe"/> alone.</summary>
    public ShortcutNorm Norm { get; init; }

    /// <summary>How shared and routed outputs are added up.</summary>
    public SharedCombination Combine { get; init; }

    /// <summary>Throws <see cref="SpecException"/> naming the first key that cannot be in <paramref name="model"/>.</summary>
    internal void Validate(ModelSpec model)
    {
        MoeSpec moe = model.Moe;
        SpecException.Require(Combine == SharedCombination.Direct || moe.SharedExperts > 0, "model.block.combine", Word(Combine), "direct without model.moe.shared-experts: nothing else is to be combined");
        SpecException.Require(
            Combine != SharedCombination.Cg2 || moe.Gate.CopyExperts + moe.Gate.ConstantExperts == 0, "model.block.combine", Word(Combine), "direct or cg1 with a gate whose rows get something without an expert");
        if (Kind == BlockKind.Standard)
        {
            var usual = new BlockSpec();
            SpecException.Require(Shortcut == usual.Shortcut, "model.block.shortcut", Word(Shortcut), $"{Word(usual.Shortcut)} with model.block.kind = standard, which has no shortcut");
            SpecException.Require(Norm == usual.Norm, "model.block.norm", Word(Norm), $"{Word(usual.Norm)} with model.block.kind = standard, which has no shortcut");
            return;
        }

        SpecException.Require(moe.SharedExperts > 0, "model.moe.shared-experts", moe.SharedExperts, "at least 1 with model.block.kind = scmoe: they read what the block's own attention leaves");
        if (Shortcut != ShortcutPosition.Pos1)
        {
            SpecException.Require(moe.Every > 1 || model.MoeLayers().Count == 1, "model.block.shortcut", Word(Shortcut), "pos1 with model.moe.every = 1: the block before has experts of its own, whose outputs would be missing");
            SpecException.Require(moe.First > 0, "model.block.shortcut", Word(Shortcut), "pos1 with model.moe.first = 0: there is no block before");
        }
    }

    private static string Word(Enum value) => value.ToString().ToLowerInvariant();
}
