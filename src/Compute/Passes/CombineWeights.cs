using MoeActors.Compute.Routing;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Passes;

/// <summary>One number per row of a plan: the router's weights, or their gradients. fp32; fp64 where the pass is.</summary>
internal sealed class CombineWeights
{
    private readonly ScalarType dtype;

    public CombineWeights(int rows, ScalarType dtype)
    {
        this.dtype = dtype;
        (Single, Double) = dtype == ScalarType.Float64 ? ([], new double[rows]) : (new float[rows], Array.Empty<double>());
    }

    public float[] Single { get; }

    public double[] Double { get; }

    /// <summary>The rows' entries of the choices' weights [c].</summary>
    public static CombineWeights OfChoices(RoutingPlan plan, Tensor weights)
    {
        var rows = new CombineWeights(plan.Rows, weights.dtype);
        using Tensor local = weights.detach().cpu();
        if (weights.dtype == ScalarType.Float64)
        {
            Pick(plan, local.data<double>().ToArray(), rows.Double);
        }
        else
        {
            Pick(plan, local.data<float>().ToArray(), rows.Single);
        }

        return rows;
    }

    /// <summary>[c] on <paramref name="device"/> with each row's number at its choice, 0 where that was dropped. The caller owns it.</summary>
    public Tensor ToChoices(RoutingPlan plan, Device device)
    {
        using Tensor local = dtype == ScalarType.Float64 ? tensor(Spread(plan, Double)) : tensor(Spread(plan, Single));
        return local.to(device);
    }

    private static void Pick<T>(RoutingPlan plan, T[] choices, T[] rows)
    {
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = choices[plan.Choice[i]];
        }
    }

    private static T[] Spread<T>(RoutingPlan plan, T[] rows)
    {
        var choices = new T[plan.Choices];
        for (int i = 0; i < rows.Length; i++)
        {
            choices[plan.Choice[i]] = rows[i];
        }

        return choices;
    }
}
