using System.Globalization;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Models;

/// <summary>
/// What a pass through a model does, stage by stage, from the embedding to the head's input; backward is the same list in reverse. The one
/// place that says where the gate reads, what overlaps an exchange and where experts' outputs come back. Pure data: a function of the model alone.
/// </summary>
/// <param name="Stages">In the order of the forward pass.</param>
/// <param name="Cuts">By cut: the block whose experts its rows go to.</param>
public sealed record BlockPlan(IReadOnlyList<PassStage> Stages, IReadOnlyList<int> Cuts)
{
    /// <summary>The plan of <paramref name="model"/>.</summary>
    public static BlockPlan Of(ModelSpec model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var stages = new List<PassStage>();
        var cuts = new List<int>();
        bool early = model.Block.Kind == BlockKind.ScMoe;
        for (int block = 0; block < model.Layers; block++)
        {
            ShortcutOf(block + 1, ShortcutPosition.Pos3);
            ShortcutOf(block, ShortcutPosition.Pos1);
            stages.Add(new PassStage(StageKind.Attention, block, -1));
            ShortcutOf(block + 1, ShortcutPosition.Pos2);
            if (!model.IsMoe(block))
            {
                stages.Add(new PassStage(StageKind.FeedForward, block, -1));
                continue;
            }

            if (!early)
            {
                Dispatch(block);
            }

            if (model.Moe.SharedExperts > 0)
            {
                stages.Add(new PassStage(StageKind.Shared, block, cuts.Count - 1) { Early = early });
            }

            stages.Add(new PassStage(StageKind.Combine, block, cuts.Count - 1) { Early = early });
        }

        stages.Add(new PassStage(StageKind.FinalNorm, -1, -1));
        return new BlockPlan(stages, cuts);

        void ShortcutOf(int block, ShortcutPosition position)
        {
            if (early && block < model.Layers && model.IsMoe(block) && model.Block.Shortcut == position)
            {
                Dispatch(block);
            }
        }

        void Dispatch(int block)
        {
            stages.Add(new PassStage(StageKind.Dispatch, block, cuts.Count) { Early = early });
            cuts.Add(block);
        }
    }

    /// <summary>Whether a cut's exchange begins early: <see cref="PassStage.Early"/>.</summary>
    public bool IsEarly(int cut) => Stages.First(s => s.Cut == cut).Early;

    /// <summary>The stages in one line, such as <c>attention 0 · dispatch 0 · combine 0 · final norm</c>.</summary>
    public override string ToString() => string.Join(" · ", Stages.Select(s => s.Kind switch
    {
        StageKind.FinalNorm => "final norm",
        StageKind.FeedForward => $"feed-forward {s.Block.ToString(CultureInfo.InvariantCulture)}",
        _ => $"{s.Kind.ToString().ToLowerInvariant()} {s.Block.ToString(CultureInfo.InvariantCulture)}",
    }));
}
