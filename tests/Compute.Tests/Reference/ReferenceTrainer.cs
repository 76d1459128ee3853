using MoeActors.Compute.Models;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Tests.Reference;

/// <summary>AdamW (Loshchilov and Hutter 2019) on the plain model: all ranks of the layout in one loop, one backward for the whole step.</summary>
internal sealed class ReferenceTrainer(RunSpec spec, Dictionary<string, Tensor> parameters, Func<long, int, int, Tensor> batch) : IDisposable
{
    private readonly ReferenceModel model = new(spec, parameters);
    private readonly Dictionary<string, Tensor> first = parameters.ToDictionary(p => p.Key, p => zeros_like(p.Value).DetachFromDisposeScope());
    private readonly Dictionary<string, Tensor> second = parameters.ToDictionary(p => p.Key, p => zeros_like(p.Value).DetachFromDisposeScope());
    private long step;

    /// <summary>All parameters of a model as leaves, copied from flat groups or initialised; named as the layouts name them.</summary>
    public static Dictionary<string, Tensor> Initial(ModelSpec model, long seed, ScalarType dtype)
    {
        var parameters = new Dictionary<string, Tensor>();
        IEnumerable<ParameterLayout> groups = model.MoeLayers()
            .Select(l => ParameterLayout.Experts(model, l, 0, model.Moe.Experts))
            .Prepend(ParameterLayout.Dense(model));
        foreach (ParameterEntry entry in groups.SelectMany(g => g.Entries))
        {
            using Tensor value = empty(entry.Shape, ScalarType.Float32);
            ParameterInit.Fill(model, seed, entry, value);
            parameters.Add(entry.Name, value.to(dtype, copy: true).requires_grad_().DetachFromDisposeScope());
        }

        return parameters;
    }

    /// <summary>Loss (mean cross-entropy), gradient norm and number of dropped choices of one step.</summary>
    public (double Loss, double Norm, double Balance, int Dropped) Step()
    {
        using var scope = NewDisposeScope();
        double sum = 0, balance = 0;
        int dropped = 0;
        Tensor total = Total(l => (sum, balance, dropped) = (sum + l.CrossEntropySum, balance + l.Balance, dropped + l.Dropped));
        total.backward();
        double norm = Math.Sqrt(parameters.Values.Sum(p => p.grad is { } g ? g.to(ScalarType.Float64).Squared().sum().ToDouble() : 0));
        Update(spec.Training.ClipNorm > 0 && norm > spec.Training.ClipNorm ? spec.Training.ClipNorm / norm : 1);
        step++;
        return (sum / (spec.Training.GlobalBatch * spec.Model.Context), norm, balance / (spec.Layout.Ranks * spec.Training.MicroBatches), dropped);
    }

    /// <summary>The whole step's loss as one graph.</summary>
    public Tensor Total(Action<ReferenceLoss> each)
    {
        Tensor? total = null;
        for (int rank = 0; rank < spec.Layout.Ranks; rank++)
        {
            for (int micro = 0; micro < spec.Training.MicroBatches; micro++)
            {
                Tensor tokens = batch(step, rank, micro);
                ReferenceLoss loss = model.Loss(tokens, step, PassContext.ForTraining(spec, step, rank, micro).FirstToken);
                each(loss);
                total = total is null ? loss.Total : total.Plus(loss.Total);
            }
        }

        return total!;
    }

    public void Dispose()
    {
        foreach (Tensor t in parameters.Values.Concat(first.Values).Concat(second.Values))
        {
            t.Dispose();
        }
    }

    private void Update(double scale)
    {
        using var off = no_grad();
        TrainingSpec t = spec.Training;
        double rate = t.LearningRate; // the tests' schedule is flat
        foreach ((string name, Tensor p) in parameters)
        {
            Tensor g = (p.grad ?? zeros_like(p)).Times(scale);
            Tensor m = first[name].TimesInPlace(t.Beta1).PlusInPlace(g.Times(1 - t.Beta1));
            Tensor v = second[name].TimesInPlace(t.Beta2).PlusInPlace((g * g).Times(1 - t.Beta2));
            if (p.dim() > 1)
            {
                p.TimesInPlace(1 - (rate * t.WeightDecay));
            }

            Tensor direction = m.Over(1 - Math.Pow(t.Beta1, step + 1)) / v.Over(1 - Math.Pow(t.Beta2, step + 1)).sqrt().Plus(t.Epsilon);
            p.sub_(direction.Times(rate));
            p.grad = null;
        }
    }
}
