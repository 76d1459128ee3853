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
        for (int block = 0; block < model.Layers; block++)
        {
            stages.Add(new PassStage(StageKind.Attention, block, -1));
            if (!model.IsMoe(block))
            {
                stages.Add(new PassStage(StageKind.FeedForward, block, -1));
                continue;
            }

            int cut = cuts.Count;
            cuts.Add(block);
            stages.Add(new PassStage(StageKind.Dispatch, block, cut));
            if (model.Moe.SharedExperts > 0)
            {
                stages.Add(new PassStage(StageKind.Shared, block, cut));
            }

            stages.Add(new PassStage(StageKind.Combine, block, cut));
        }

        stages.Add(new PassStage(StageKind.FinalNorm, -1, -1));
        return new BlockPlan(stages, cuts);
    }

    /// <summary>The stages in one line, such as <c>attention 0 · dispatch 0 · combine 0 · final norm</c>.</summary>
    public override string ToString() => string.Join(" · ", Stages.Select(s => s.Kind switch
    {
        StageKind.FinalNorm => "final norm",
        StageKind.FeedForward => $"feed-forward {s.Block.ToString(CultureInfo.InvariantCulture)}",
        _ => $"{s.Kind.ToString().ToLowerInvariant()} {s.Block.ToString(CultureInfo.InvariantCulture)}",
    }));
}
