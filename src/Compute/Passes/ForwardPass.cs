using MoeActors.Compute.Models;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Capacity;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>
/// One micro-batch of one logical rank, forward: the residual stream on its way through the stages of the model's <see cref="BlockPlan"/>. A
/// <see cref="PassDriver"/> calls its stages in order and carries rows to expert shards and their answers back, in any order; sums run in canonical
/// chunk order (DT-1, ST-2). Evaluation and generation take it as it is, training as <see cref="TrainingPass"/>. On one thread; disposing it at any
/// point frees everything it holds. Calls out of order throw <see cref="InvalidOperationException"/>.
/// </summary>
public class ForwardPass : IDisposable
{
    private readonly MoeCut?[] cuts;
    private readonly ICapacityPolicy capacity;
    private readonly int[] positions; // EP position of each expert
    private Tensor? stream; // the residual stream [t, d]

    /// <summary>Begins a pass: embeds <paramref name="tokens"/>, int64 [B, T+1], which stay the caller's; row i predicts its successor.</summary>
    /// <exception cref="ArgumentException">The shape does not fit the model, or a token id is outside the vocabulary.</exception>
    public ForwardPass(RunSpec spec, DenseModel model, PassContext context, Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(context);
        (Spec, Model, Pass) = (spec, model, context);
        capacity = CapacityCatalogue.Of(spec.Model.Moe);
        positions = new int[spec.Model.Moe.Experts];
        for (int p = 0; p < spec.Layout.ExpertParallel; p++)
        {
            (int first, int count) = spec.Layout.ExpertsAt(p, positions.Length);
            Array.Fill(positions, p, first, count);
        }

        Tokens = new PassTokens(model, tokens);
        cuts = new MoeCut?[model.Plan.Cuts.Count];
        stream = model.Embed(Tokens.Inputs, Tokens.Batch);
    }

    /// <summary>The stages of the pass.</summary>
    public BlockPlan Plan => Model.Plan;

    private protected RunSpec Spec { get; }

    private protected DenseModel Model { get; }

    private protected PassContext Pass { get; }

    private protected PassTokens Tokens { get; }

    private protected MoeSpec Moe => Spec.Model.Moe;

    /// <summary>The residual stream; borrowed.</summary>
    private protected Tensor Stream => stream ?? throw new InvalidOperationException("a stage of a pass before the stage it follows");

    /// <summary>Runs a stage that needs no answer of an expert.</summary>
    public void Run(PassStage stage)
    {
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(Pass.Mode.Graph);
        if (stage.Kind != StageKind.Shared)
        {
            SetStream(Model.Run(stage, Stream, Tokens.Batch));
            return;
        }

        MoeLayer layer = Model.Moe(stage.Block);
        MoeCut cut = Cut(stage.Cut);
        (Tensor shared, Tensor? routed) = layer.Shared(stage.Early ? layer.Normed(Stream) : cut.Normed);
        if (routed is not null)
        {
            cut.Weigh(routed);
        }

        SetStream(Stream.Plus(shared));
    }

    /// <summary>The gate of a cut reads the residual stream and decides the routing.</summary>
    public RoutingPlan Route(int cut)
    {
        Require(stream is not null && cuts[cut] is null, nameof(Route), cut);
        using var scope = NewDisposeScope();
        using var mode = set_grad_enabled(Pass.Mode.Graph);
        int block = Plan.Cuts[cut];
        MoeLayer layer = Model.Moe(block);
        bool early = Plan.IsEarly(cut);
        Tensor normed = early ? layer.ShortcutNormed(Stream) : layer.Normed(Stream);
        PassNoise? noise = Pass.Mode.Noise ? new PassNoise(Spec.Training.Seed, Pass.Step, block, Pass.FirstToken) : null;
        int length = (int)(Tokens.Count / Tokens.Batch);
        GateOutput routed = layer.Gate(normed, noise, Tokens.Inputs, length);
        RoutingPlan plan = Decide(routed.Choices, noise);
        Tensor? local = routed.Local?.to(Stream.dtype);
        if (local is not null && !early)
        {
            SetStream(Stream.Plus(local));
            local = null;
        }

        cuts[cut] = new MoeCut(Model.DType, cut, Pass.Mode.Graph, plan, normed, routed.Weights, Auxiliary(plan, routed, new RoutingGroup(Moe, Spec.Layout, length)), local);
        if (early)
        {
            Split(cut);
        }

        return plan;
    }

    /// <summary>Token rows in plan order: [rows, d], compute dtype, contiguous, owned by the pass until <see cref="ReleaseRows"/>. Chunk c is <c>narrow(0, c.FirstRow, c.Rows)</c>.</summary>
    public Tensor DispatchRows(int cut) => Cut(cut).Rows();

    /// <summary>Frees the rows of <see cref="DispatchRows"/>; views of them keep their memory.</summary>
    public void ReleaseRows(int cut) => Cut(cut).ReleaseRows();

    /// <summary>
    /// Takes an expert shard's answer [chunk.Rows, d] (compute dtype; ownership passes, also when it throws), in any order; it is added in canonical
    /// order when its stage has come.
    /// </summary>
    /// <exception cref="InvalidOperationException">ST-2: the chunk was not sent, came twice or has another shape.</exception>
    public void Accept(DispatchKind kind, int cut, ChunkAddress chunk, Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (cut < 0 || cut >= cuts.Length || cuts[cut] is not { } open)
        {
            rows.Dispose();
            throw new InvalidOperationException($"ST-2: an answer of cut {cut}, which has sent nothing");
        }

        open.Accept(kind, chunk, rows);
    }

    /// <summary>Adds the experts' outputs to the residual stream, as far as they are here: true when all are, and the stream has gone past them.</summary>
    public bool TryCombine(int cut)
    {
        MoeCut open = Cut(cut);
        if (open.TryCombine(Stream) is not { } next)
        {
            return false;
        }

        Tensor before = Stream;
        stream = null;
        Combined(cut, before);
        stream = Begin(next);
        return true;
    }

    /// <summary>Cross-entropy of the final hidden states: the loss of an evaluation, when every stage has run.</summary>
    public LossParts Loss() => new(LossHead.Loss(Stream, Model.HeadWeight, Tokens.Targets), Tokens.Count, new Dictionary<string, double>());

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>In generation, when every stage has run: logits [B, V] in fp32 at least after each row's last input token. The caller owns them.</summary>
    internal Tensor LastLogits()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        Tensor hidden = Stream.view(Tokens.Batch, -1, Spec.Model.Hidden);
        Tensor logits = nn.functional.linear(hidden.select(1, hidden.size(1) - 1), Model.HeadWeight);
        return (logits.dtype == ScalarType.BFloat16 ? logits.to(ScalarType.Float32) : logits).DetachFromDisposeScope();
    }

    /// <summary>Frees everything the pass holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
        for (int cut = 0; cut < cuts.Length; cut++)
        {
            Drop(cut);
        }

        SetStream(null);
        Tokens.Dispose();
    }

    /// <summary>What the stream begins with after the embedding or a combine (ownership passes in and out).</summary>
    private protected virtual Tensor Begin(Tensor value) => value;

    /// <summary>The experts' outputs of a cut are added to <paramref name="before"/>, the stream up to there, which is the callee's from now on.</summary>
    private protected virtual void Combined(int cut, Tensor before)
    {
        before.Dispose();
        Drop(cut);
    }

    /// <summary>The exchange of a cut has begun early: what follows overlaps with it until its combine.</summary>
    private protected virtual void Split(int cut)
    {
    }

    /// <summary>Whether the pass still needs what the stream was before its last stage.</summary>
    private protected virtual bool Holds(Tensor before) => false;

    /// <summary>The auxiliary losses of a routing decision, times their coefficients; null without.</summary>
    private protected virtual Tensor? Auxiliary(RoutingPlan plan, GateOutput routed, RoutingGroup group) => null;

    /// <summary>Takes the stream away; the caller owns it.</summary>
    private protected Tensor TakeStream()
    {
        Tensor taken = Stream;
        stream = null;
        return taken;
    }

    /// <summary>Goes on with another tensor than the one that was taken away; the ownership passes.</summary>
    private protected void PutStream(Tensor next) => stream = next.DetachFromDisposeScope();

    private protected void SetStream(Tensor? next)
    {
        if (stream is not null && !Holds(stream))
        {
            stream.Dispose();
        }

        stream = next?.DetachFromDisposeScope();
    }

    private protected MoeCut Cut(int cut, [System.Runtime.CompilerServices.CallerMemberName] string call = "")
    {
        Require(cut >= 0 && cut < cuts.Length && cuts[cut] is not null, call, cut);
        return cuts[cut]!;
    }

    private protected void Drop(int cut)
    {
        cuts[cut]?.Dispose();
        cuts[cut] = null;
    }

    private static void Require(bool ok, string call, int cut)
    {
        if (!ok)
        {
            throw new InvalidOperationException($"{call}({cut}) out of order");
        }
    }

    private RoutingPlan Decide(Choices choices, PassNoise? noise)
    {
        int most = RoutingPlanner.Capacity(Moe, choices.Tokens, Pass.Mode.Capacity);
        bool[]? kept = capacity.Decide(choices, new CapacityLimits(Moe.Experts, most) { Positions = positions, Draw = noise }).Kept;
        return RoutingPlanner.Plan(Spec.Layout, Moe.Experts, Moe.Targets, choices, kept);
    }
}
