using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Passes;

/// <summary>Which pass this is: fixes the gate's noise and whether a graph is recorded.</summary>
/// <param name="Step">Optimizer step, from 0.</param>
/// <param name="Micro">Micro-batch of the rank within the step, from 0.</param>
/// <param name="Rank">Logical rank.</param>
/// <param name="Training">True records the graph, adds gate noise and applies capacity; false does none of these.</param>
/// <param name="FirstToken">Global token id of the group's first token: the counter of the gate's noise.</param>
public sealed record PassContext(long Step, int Micro, int Rank, bool Training, long FirstToken)
{
    /// <summary>The context of a training pass: sample ids run over steps, ranks, micro-batches and rows, in this order.</summary>
    public static PassContext ForTraining(RunSpec spec, long step, int rank, int micro)
    {
        ArgumentNullException.ThrowIfNull(spec);
        long sample = (step * spec.Training.GlobalBatch) + ((long)rank * (spec.Training.GlobalBatch / spec.Layout.Ranks)) + ((long)micro * spec.RankBatch);
        return new(step, micro, rank, true, sample * spec.Model.Context);
    }
}
