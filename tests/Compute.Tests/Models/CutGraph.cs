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
    private readonly Dictionary<(int M, int Position, int Group), ChunkServer> shards = [];
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
            shards.Add((m, u.Position, u.Index), new ChunkServer(new ExpertBank(spec.Model, spec.Layout, u.Layer, u.Position, units.LayoutOf(u), weights[units.LayoutOf(u)]), spec.Layout, u.Index));
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

    /// <summary>The pass of one rank up to its first gate, to be driven by hand.</summary>
    public ForwardPass Begin(int rank, bool training)
    {
        using Tensor tokens = TinyRun.Batches(spec)(0, rank, 0);
        PassContext context = PassContext.ForTraining(spec, 0, rank, 0);
        ForwardPass pass = training ? new TrainingPass(spec, models[rank], context, tokens) : new ForwardPass(spec, models[rank], context with { Mode = PassMode.Inference }, tokens);
        foreach (PassStage stage in pass.Plan.Stages.TakeWhile(s => s.Kind != StageKind.Dispatch))
        {
            pass.Run(stage);
        }

        return pass;
    }

    /// <summary>An expert shard's answer to one chunk, of which nothing is kept.</summary>
    public Tensor Answer(int rank, int cut, DispatchChunk chunk, Tensor rows) =>
        shards[(cut, chunk.Position, spec.Layout.GroupOf(rank))].Bank.Forward(rows.narrow(0, chunk.FirstRow, chunk.Rows), chunk.Segments);

    /// <summary>The step's loss, auxiliary losses included; with <paramref name="backward"/> the gradients are added up.</summary>
    public double Run(int arrivals, bool backward = true)
    {
        var random = new Random(arrivals);
        double loss = 0;
        for (int micro = 0; micro < spec.Training.MicroBatches; micro++)
        {
            for (int rank = 0; rank < spec.Layout.Ranks; rank++)
            {
                LossParts parts = Run(rank, micro, random, backward);
                loss += (parts.CrossEntropySum / ((double)spec.Training.GlobalBatch * spec.Model.Context))
                    + (LossCatalogue.Of(spec.Model.Moe).Sum(l => l.Coefficient * parts.Auxiliary.GetValueOrDefault(l.Loss.Name)) / ((double)spec.Layout.Ranks * spec.Training.MicroBatches));
            }
        }

        foreach (((int m, int position, int group), ChunkServer shard) in shards)
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

    // A pass whose chunks are answered, and whose answers arrive, in an order drawn from random; without backward it is dropped where it turns.
    private LossParts Run(int rank, int micro, Random random, bool backward)
    {
        using Tensor tokens = TinyRun.Batches(spec)(0, rank, micro);
        using var pass = new TrainingPass(spec, models[rank], PassContext.ForTraining(spec, 0, rank, micro), tokens);
        var sent = new SentChunks();
        var driver = new PassDriver(pass, sent);
        driver.Begin();
        while (sent.Waiting.Count > 0 && (backward || driver.Parts is null))
        {
            (DispatchKind kind, int cut, DispatchChunk chunk, Tensor rows) = sent.Take(random);
            ChunkServer shard = shards[(cut, chunk.Position, spec.Layout.GroupOf(rank))];
            var key = new ChunkKey(micro, rank, chunk.Index, chunk.Count);
            Tensor answer = kind == DispatchKind.Forward ? shard.Forward(key, rows, chunk.Segments) : shard.Backward(key, rows);
            driver.Arrived(kind, cut, new ChunkAddress(chunk.Position, chunk.Index), answer);
        }

        Assert.Equal(backward, driver.Done);
        if (backward)
        {
            models[rank].AccumulateGradients(gradients[Dense]);
        }
        else
        {
            models[rank].ClearGradients();
        }

        return driver.Parts!;
    }

    private sealed class SentChunks : ITokenDispatcher
    {
        public List<(DispatchKind Kind, int Cut, DispatchChunk Chunk, Tensor Rows)> Waiting { get; } = [];

        public void Send(DispatchKind kind, int cut, DispatchChunk chunk, Tensor rows) => Waiting.Add((kind, cut, chunk, rows));

        public (DispatchKind Kind, int Cut, DispatchChunk Chunk, Tensor Rows) Take(Random random)
        {
            int i = random.Next(Waiting.Count);
            (DispatchKind Kind, int Cut, DispatchChunk Chunk, Tensor Rows) taken = Waiting[i];
            Waiting.RemoveAt(i);
            return taken;
        }
    }
}
