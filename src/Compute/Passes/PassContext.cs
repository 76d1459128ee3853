using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Passes;

/// <summary>Which pass this is: fixes the gate's noise, and what is done besides the arithmetic.</summary>
/// <param name="Step">Optimizer step, from 0.</param>
/// <param name="FirstToken">Global token id of the group's first token: the counter of the gate's noise.</param>
/// <param name="Mode">What the pass is for.</param>
public sealed record PassContext(long Step, long FirstToken, PassMode Mode)
{
    /// <summary>The context of a training pass: sample ids run over steps, ranks, micro-batches and rows, in this order.</summary>
    public static PassContext ForTraining(RunSpec spec, long step, int rank, int micro)
    {
        ArgumentNullException.ThrowIfNull(spec);
        long sample = (step * spec.Training.GlobalBatch) + ((long)rank * (spec.Training.GlobalBatch / spec.Layout.Ranks)) + ((long)micro * spec.RankBatch);
        return new(step, sample * spec.Model.Context, PassMode.Training);
    }

    /// <summary>The context of an evaluation after <paramref name="step"/> steps, or of generation.</summary>
    public static PassContext ForInference(long step) => new(step, 0, PassMode.Inference);
}
