using MoeActors.Compute.Models;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>
/// A pass with a loss and a backward. Its graph is cut at every combine, and where an exchange begins early, so that backward can be driven by messages as forward is: gradients of the
/// experts' outputs leave, those of their rows come back, and autograd runs the dense segments between. After an aborted pass also call
/// <see cref="DenseModel.ClearGradients"/>; after a whole one <see cref="DenseModel.AccumulateGradients"/> has the model's gradients.
/// </summary>
public sealed class TrainingPass : ForwardPass
{
    private readonly IReadOnlyList<(IAuxiliaryLoss Loss, double Coefficient)> auxiliary;
    private readonly Dictionary<string, double> losses = []; // by name, summed over the cuts
    private readonly Stack<GraphSegment> segments = [];
    private readonly Tensor?[] residuals; // by cut: the stream that its outputs were added to
    private readonly Tensor?[] heads; // by cut that begins early: the stream where it did
    private readonly int parts; // segments of the graph
    private bool turned;

    /// <inheritdoc cref="ForwardPass(RunSpec, DenseModel, PassContext, Tensor)"/>
    public TrainingPass(RunSpec spec, DenseModel model, PassContext context, Tensor tokens)
        : base(spec, model, context, tokens)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(model);
        auxiliary = LossCatalogue.Of(spec.Model.Moe);
        residuals = new Tensor?[model.Plan.Cuts.Count];
        heads = new Tensor?[residuals.Length];
        parts = 1 + heads.Length + Enumerable.Range(0, heads.Length).Count(model.Plan.IsEarly);
        SetStream(Begin(TakeStream()));
    }

    /// <summary>The loss, when every stage has run. The logits' gradient is taken at once, so that the logits need not be kept.</summary>
    public LossParts ForwardLoss()
    {
        if (turned || segments.Count != parts)
        {
            throw new InvalidOperationException("ForwardLoss out of order");
        }

        turned = true;
        using var scope = NewDisposeScope();
        Tensor hidden = TakeStream();
        double scale = 1.0 / ((double)Spec.Training.GlobalBatch * Spec.Model.Context);
        (double sum, Tensor gradient, Tensor head) = LossHead.LossAndGradients(hidden.detach(), Model.HeadWeight, Tokens.Targets, scale);
        Model.HeadBackward(head);
        segments.Peek().End(hidden, gradient);
        return new LossParts(sum, Tokens.Count, losses);
    }

    /// <summary>Backward of what followed a cut's combine → the gradients dY of the experts' outputs in plan order: [rows, d], compute dtype; the caller owns them.</summary>
    public Tensor CombineBackward(int cut)
    {
        MoeCut open = Cut(cut);
        if (!turned || residuals[cut] is not { } residual)
        {
            throw new InvalidOperationException($"CombineBackward({cut}) out of order");
        }

        residuals[cut] = null;
        Tensor gradient = EndSegment();
        segments.Peek().End(residual, gradient);
        Tensor rows = open.CombineBackward(gradient);
        if (open.TakeWeighing() is { } weighing)
        {
            segments.Peek().End(weighing.Weight, weighing.Gradient);
        }

        return rows;
    }

    /// <summary>When all gradients of a cut's rows are here they become ends of the graph, added in canonical order; false before.</summary>
    public bool TryEndCut(int cut)
    {
        if (Cut(cut).Back && heads[cut] is { } head)
        {
            // Backward of what the exchange overlaps with, while the rows' gradients are on their way.
            heads[cut] = null;
            Tensor gradient = EndSegment();
            segments.Peek().End(head, gradient);
        }

        if (!Cut(cut).TryEnd(segments.Peek()))
        {
            return false;
        }

        Drop(cut);
        return true;
    }

    /// <summary>Backward of the first segment and the embedding: the model's gradients are complete.</summary>
    public void Finish()
    {
        if (!turned || segments.Count != 1)
        {
            throw new InvalidOperationException("Finish out of order");
        }

        Model.EmbedBackward(Tokens.Inputs, Tokens.Batch, EndSegment());
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // The stream may be a segment's leaf: the base frees it, or the segment does.
        base.Dispose(disposing);
        foreach (GraphSegment segment in segments)
        {
            segment.Dispose();
        }

        segments.Clear();
        for (int cut = 0; cut < residuals.Length; cut++)
        {
            residuals[cut]?.Dispose();
            heads[cut]?.Dispose();
            residuals[cut] = heads[cut] = null;
        }
    }

    private protected override Tensor Begin(Tensor value)
    {
        segments.Push(new GraphSegment(value));
        return segments.Peek().Leaf;
    }

    private protected override void Combined(int cut, Tensor before) => residuals[cut] = before;

    private protected override void Split(int cut)
    {
        // The stream may be the leaf of its segment, which the segment frees: its end is another view of it.
        Tensor stream = Stream;
        Tensor head = Holds(stream) ? stream.view(stream.shape) : stream;
        TakeStream();
        heads[cut] = head.DetachFromDisposeScope();
        PutStream(Begin(head.detach()));
    }

    private protected override bool Holds(Tensor before) => segments.TryPeek(out GraphSegment? open) && ReferenceEquals(open.Leaf, before);

    // Each micro-batch of each rank is a routing group; a loss is the mean over groups.
    private protected override Tensor? Auxiliary(RoutingPlan plan, GateOutput routed, RoutingGroup group)
    {
        double groups = (double)Spec.Layout.Ranks * Spec.Training.MicroBatches;
        Tensor? sum = null;
        foreach ((IAuxiliaryLoss loss, double coefficient) in auxiliary)
        {
            Tensor raw = loss.Of(routed, plan, group);
            losses[loss.Name] = losses.GetValueOrDefault(loss.Name) + raw.ToDouble();
            if (coefficient != 0 && raw.requires_grad)
            {
                Tensor part = raw.Times(coefficient / groups);
                sum = sum is null ? part : sum.Plus(part);
            }
        }

        return sum;
    }

    private Tensor EndSegment()
    {
        using GraphSegment segment = segments.Pop();
        return segment.Backward();
    }
}
