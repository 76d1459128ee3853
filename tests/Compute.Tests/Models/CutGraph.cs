using MoeActors.Compute.Experts;
using MoeActors.Compute.Models;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Models;

/// <summary>
/// One step's forward and backward over the cut graph through the public classes, as an exchange would drive them, with answers arriving
/// in an order drawn from a seed. Any dtype.
/// </summary>
internal sealed class CutGraph : IDisposable
{
    private readonly RunSpec spec;
    private readonly UnitOrder units;
    private readonly Dictionary<ParameterLayout, Tensor> weights = [];
    private readonly Dictionary<ParameterLayout, Tensor> gradients = [];
    private readonly Dictionary<(int M, int Position, int Group), ExpertShardCompute> shards = [];
    private readonly DenseModel[] models;

    public CutGraph(RunSpec spec, ScalarType dtype)
    {
        this.spec = spec;
        units = new UnitOrder(spec.Model, spec.Layout);
        foreach (ParameterLayout layout in units.Units.Select(units.LayoutOf).Distinct())
        {
            using Tensor initial = zeros(layout.Total);
            ParameterInit.FillRange(spec.Model, spec.Training.Seed, layout, 0, initial);
            weights.Add(layout, initial.to(dtype, copy: true));
            gradients.Add(layout, zeros(layout.Total, dtype == ScalarType.BFloat16 ? ScalarType.Float32 : dtype));
        }

        IReadOnlyList<int> layers = spec.Model.MoeLayers();
        foreach (UnitId u in units.Units.Where(u => u.Kind == UnitKind.Experts))
        {
            int m = layers.ToList().IndexOf(u.Layer);
            shards.Add((m, u.Position, u.Index), new ExpertShardCompute(spec.Model, spec.Layout, u.Layer, u.Index, u.Position, units.LayoutOf(u), weights[units.LayoutOf(u)]));
        }

        Dense = units.LayoutOf(UnitId.Dense(0));
        models = [.. Enumerable.Range(0, spec.Layout.Ranks).Select(_ => new DenseModel(spec.Model, Dense, weights[Dense]))];
    }

    public ParameterLayout Dense { get; }

    /// <summary>All parameters: name, weights and gradient as views the caller's scope owns.</summary>
    public IEnumerable<(string Name, Tensor Weight, Tensor Gradient)> Parameters() =>
        from pair in weights
        from entry in pair.Key.Entries
        select (entry.Name, pair.Key.View(pair.Value, entry), pair.Key.View(gradients[pair.Key], entry));

    /// <summary>The pass of one rank, to be driven by hand.</summary>
    public RankPass Begin(int rank, bool training)
    {
        using Tensor tokens = TinyRun.Batches(spec)(0, rank, 0);
        PassContext context = PassContext.ForTraining(spec, 0, rank, 0);
        return new RankPass(spec, models[rank], context with { Training = training }, tokens);
    }

    /// <summary>An expert shard's answer to one chunk.</summary>
    public Tensor Answer(int rank, int m, DispatchChunk chunk, Tensor rows, bool keep) =>
        Shard(rank, m, chunk).Forward(Key(rank, chunk), rows.narrow(0, chunk.FirstRow, chunk.Rows), chunk.Segments, keep);

    /// <summary>The step's loss, auxiliary losses included; with <paramref name="backward"/> the gradients are added up.</summary>
    public double Run(int arrivals, bool backward = true)
    {
        var random = new Random(arrivals);
        double loss = 0;
        for (int rank = 0; rank < spec.Layout.Ranks; rank++)
        {
            using RankPass pass = Begin(rank, true);
            RoutingPlan[] plans = Forward(pass, rank, random);
            LossParts parts = pass.ForwardLoss();
            loss += (parts.CrossEntropySum / ((double)spec.Training.GlobalBatch * spec.Model.Context))
                + (LossCatalogue.Of(spec.Model.Moe).Sum(l => l.Coefficient * parts.Auxiliary.GetValueOrDefault(l.Loss.Name)) / spec.Layout.Ranks);
            if (backward)
            {
                Backward(pass, plans, rank, random);
                models[rank].AccumulateGradients(gradients[Dense]);
            }
            else
            {
                models[rank].ClearGradients();
            }
        }

        foreach (((int m, int position, int group), ExpertShardCompute shard) in shards)
        {
            ParameterLayout layout = units.LayoutOf(UnitId.Experts(spec.Model.MoeLayers()[m], position, group));
            while (shard.AccumulateNext(gradients[layout]))
            {
            }

            Assert.True(!backward || shard.Unaccumulated == 0);
            shard.Discard();
        }

        return loss;
    }

    /// <summary>Holds the gradients of the last <see cref="Run"/> against central differences of the loss, in float64: for each parameter chosen, its element with the largest gradient, where a difference says most.</summary>
    public void EqualsCentralDifferences(Func<string, bool> chosen)
    {
        const double H = 1e-5;
        foreach ((string parameter, Tensor weight, Tensor gradient) in Parameters().Where(p => chosen(p.Name)))
        {
            Tensor flat = weight.view(-1), slopes = gradient.view(-1);
            long i = slopes.abs().argmax().ToInt64();
            double slope = slopes[i].ToDouble(), at = flat[i].ToDouble();
            flat[i] = at + H;
            double up = Run(arrivals: 3, backward: false);
            flat[i] = at - H;
            double down = Run(arrivals: 4, backward: false);
            flat[i] = at;
            double difference = (up - down) / (2 * H);
            Assert.True(Math.Abs(slope - difference) <= Math.Max(1e-8, Math.Abs(slope) * 1e-5), $"{parameter}: gradient {slope}, difference {difference}");
        }
    }

    public void Dispose()
    {
        foreach (IDisposable d in models.Concat<IDisposable>(shards.Values).Concat(weights.Values).Concat(gradients.Values))
        {
            d.Dispose();
        }
    }

    private RoutingPlan[] Forward(RankPass pass, int rank, Random random)
    {
        var plans = new RoutingPlan[models[rank].MoeCount];
        for (int m = 0; m < plans.Length; m++)
        {
            plans[m] = pass.Route(m);
            Tensor rows = pass.DispatchRows(m);
            List<(DispatchChunk Chunk, Tensor Y)> answers = [.. plans[m].Chunks.Select(c => (c, Answer(rank, m, c, rows, true)))];
            pass.ReleaseRows(m);
            pass.ForwardShared(m);
            Assert.Equal(answers.Count - 1, Shuffled(answers, random).TakeWhile(a => !pass.Combine(m, a.Chunk, a.Y)).Count());
        }

        return plans;
    }

    private void Backward(RankPass pass, RoutingPlan[] plans, int rank, Random random)
    {
        pass.BackwardLoss();
        for (int m = plans.Length - 1; m >= 0; m--)
        {
            using Tensor dY = pass.BackwardCombine(m);
            int left = plans[m].Chunks.Count;
            foreach (DispatchChunk chunk in Shuffled(plans[m].Chunks, random))
            {
                Tensor dx = Shard(rank, m, chunk).Backward(Key(rank, chunk), dY.narrow(0, chunk.FirstRow, chunk.Rows));
                Assert.Equal(--left == 0, pass.ReturnGradient(m, chunk, dx));
            }

            pass.BackwardSegment(m);
        }
    }

    private ExpertShardCompute Shard(int rank, int m, DispatchChunk chunk) => shards[(m, chunk.Position, spec.Layout.GroupOf(rank))];

    private static ChunkKey Key(int rank, DispatchChunk chunk) => new(0, rank, chunk.Index, chunk.Count);

    private static List<T> Shuffled<T>(IEnumerable<T> items, Random random)
    {
        T[] all = [.. items];
        random.Shuffle(all);
        return [.. all];
    }
}
