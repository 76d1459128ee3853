using Akka.Actor;

using MoeActors.Actors.Diagnostics;
using MoeActors.Actors.Exchange;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Passes;

using static TorchSharp.torch;

namespace MoeActors.Actors.Training;

/// <summary>The rank's part of an evaluation: forward only, over its share of the validation sequences.</summary>
internal sealed partial class RankActor
{
    private Range64? evaluation;

    /// <summary>Sequences [Next, End) still to be evaluated; Batch numbers the passes.</summary>
    private sealed record Range64(long Next, long End, int Batch);

    private void OnBeginEvaluation(BeginEvaluation m)
    {
        step = m.Step;
        (crossEntropy, tokens) = (0, 0);
        int ranks = context!.Spec.Layout.Ranks;
        evaluation = new Range64(m.Sequences * rank / ranks, m.Sequences * (rank + 1) / ranks, 0);
        NextEvaluationBatch();
    }

    private void NextEvaluationBatch()
    {
        if (evaluation!.Next >= evaluation.End)
        {
            evaluation = null;
            long done = step;
            step = -1;
            Context.Parent.Tell(new RankEvaluated(context!.Epoch, done, new RankReport(rank, crossEntropy, tokens)));
            return;
        }

        services.Flight.Enter(Phase.Evaluation, context!.Epoch, step);
        int count = (int)Math.Min(evaluation.End - evaluation.Next, Math.Max(1, context.Spec.RankBatch * 4));
        using Tensor batch = batches!.Validation(evaluation.Next, count);
        pass = new ForwardPass(context.Spec, model!, PassContext.ForInference(step), batch);

        // Negative numbers of a micro-batch mark passes without a backward.
        driver = new PassDriver(pass, new RankDispatcher(context, services.Exchange, Me, step, -1 - evaluation.Batch));
        evaluation = evaluation with { Next = evaluation.Next + count };
        driver.Begin();
        EndEvaluationBatch();
    }

    private void EndEvaluationBatch()
    {
        if (!driver!.Done)
        {
            return;
        }

        LossParts parts = pass!.Loss();
        crossEntropy += parts.CrossEntropySum;
        tokens += parts.Tokens;
        DropPass();
        evaluation = evaluation! with { Batch = evaluation.Batch + 1 };
        NextEvaluationBatch();
    }
}
