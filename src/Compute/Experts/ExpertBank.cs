using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Experts;

/// <summary>
/// The experts of one MoE layer at one EP position: views of their flat weights, and their forward. Per expert: u = x Upᵀ, h = act(u),
/// y = h Downᵀ (+ biases). Training's half is <see cref="ExpertBackward"/>. Not thread-safe: one compute thread calls it.
/// </summary>
public sealed class ExpertBank : IDisposable
{
    private readonly ExpertWeights[] experts;
    private readonly int upWidth;
    private readonly bool roundRows;

    /// <summary>Creates the bank over <paramref name="flatWeights"/>, which it borrows: values may change between steps, the memory must stay.</summary>
    /// <param name="model">Shape of the experts.</param>
    /// <param name="layout">Which experts a position holds.</param>
    /// <param name="block">Block index of the MoE layer.</param>
    /// <param name="position">EP position.</param>
    /// <param name="parameters">Layout of the flat tensor: <see cref="ParameterLayout.Experts"/> of this position.</param>
    /// <param name="flatWeights">[Total] in the compute type: fp32, bf16, or float64 for gradient checks.</param>
    public ExpertBank(ModelSpec model, LogicalLayout layout, int block, int position, ParameterLayout parameters, Tensor flatWeights)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(flatWeights);
        ArgumentOutOfRangeException.ThrowIfNotEqual(flatWeights.numel(), parameters.Total, nameof(flatWeights));
        (FirstExpert, int count) = layout.ExpertsAt(position, model.Moe.Experts);
        Style = model.Style;
        Hidden = model.Hidden;
        FeedForward = model.Moe.ExpertHidden;
        upWidth = Style == BlockStyle.Llama ? 2 * FeedForward : FeedForward;
        roundRows = MatmulPrecision.UsesOneDnn(flatWeights.dtype, flatWeights.device);
        Block = block;
        experts = [.. Enumerable.Range(FirstExpert, count).Select(e => new ExpertWeights(parameters, e, Style, flatWeights))];
    }

    /// <summary>Block index of the MoE layer.</summary>
    public int Block { get; }

    /// <summary>Index in the layer of the first expert.</summary>
    public int FirstExpert { get; }

    /// <summary>Number of experts.</summary>
    public int Count => experts.Length;

    /// <summary>Width d of a row.</summary>
    public int Hidden { get; }

    internal BlockStyle Style { get; }

    /// <summary>Width f of an expert.</summary>
    internal int FeedForward { get; }

    internal ExpertWeights this[int expert] => experts[expert - FirstExpert];

    /// <summary>Outputs of rows, forward alone: nothing is kept.</summary>
    /// <param name="x">[rows, d] in the compute type, sorted by expert; ownership passes, also when this throws.</param>
    /// <param name="segments">Rows by expert, ascending, adding up to the rows of x.</param>
    /// <returns>y [rows, d] in the compute type, owned by the caller.</returns>
    /// <exception cref="InvalidOperationException">The rows do not fit the segments, or an expert is not here (ST-2).</exception>
    public Tensor Forward(Tensor x, IReadOnlyList<ExpertSegment> segments)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(segments);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        scope.Attach(x);
        Check(x, segments);
        ChunkRows rows = RowsOf(segments);
        return rows.Collect(Forward(rows, rows.Spread(x), out _)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ExpertWeights expert in experts)
        {
            expert.Dispose();
        }
    }

    /// <summary>Where the rows of a chunk lie in the bank's tensors.</summary>
    internal ChunkRows RowsOf(IReadOnlyList<ExpertSegment> segments) => new(segments, roundRows);

    /// <summary>x in the bank's row order → y and the pre-activations u, all of <see cref="ChunkRows.OwnRows"/> rows, owned by the caller's scope.</summary>
    internal Tensor Forward(ChunkRows rows, Tensor x, out Tensor u)
    {
        u = New(rows, upWidth, x);
        Tensor h = New(rows, FeedForward, x), y = New(rows, Hidden, x);
        foreach (ExpertRows e in rows.Experts)
        {
            Forward(this[e.Expert], x, u, h, y, e.OwnBegin, e.OwnCount);
        }

        return y;
    }

    /// <summary>Throws <see cref="InvalidOperationException"/> where rows and segments do not belong together, or not to this bank (ST-2).</summary>
    internal void Check(Tensor x, IReadOnlyList<ExpertSegment> segments)
    {
        foreach (ExpertSegment segment in segments)
        {
            if (segment.Expert < FirstExpert || segment.Expert >= FirstExpert + experts.Length || segment.Rows < 0)
            {
                throw new InvalidOperationException($"ST-2: block {Block}: {segment.Rows} rows for expert {segment.Expert}; this shard holds {FirstExpert} … {FirstExpert + experts.Length - 1}");
            }
        }

        if (segments.Sum(s => (long)s.Rows) != x.size(0) || x.size(1) != Hidden)
        {
            throw new InvalidOperationException($"ST-2: block {Block}: {segments.Sum(s => (long)s.Rows)} rows of {Hidden} are announced, the tensor is [{string.Join(", ", x.shape)}]");
        }
    }

    internal static Tensor New(ChunkRows rows, long width, Tensor like) => empty(rows.OwnRows, width, dtype: like.dtype, device: like.device);

    private void Forward(ExpertWeights expert, Tensor x, Tensor u, Tensor h, Tensor y, long begin, long count)
    {
        using Tensor xs = x.narrow(0, begin, count), us = u.narrow(0, begin, count), hs = h.narrow(0, begin, count), ys = y.narrow(0, begin, count);
        foreach (ExpertWeights.Block up in expert.Up)
        {
            using Tensor columns = us.narrow(1, up.Column, up.Width);
            columns.addmm_(xs, up.Transposed, 0, 1);
        }

        Activation.Forward(Style, us, expert.UpBias?.Value, hs);
        if (expert.DownBias is { } bias)
        {
            ys.copy_(bias.Value); // broadcast over the rows; the product is added to it
        }

        ys.addmm_(hs, expert.Down.Transposed, expert.DownBias is null ? 0 : 1, 1);
    }
}
