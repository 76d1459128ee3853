using System.Numerics;

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

    /// <summary>The rows' entries of the choices' weights [c], times those of their tokens [t, 1] where there are such.</summary>
    public static CombineWeights OfChoices(RoutingPlan plan, Tensor weights, Tensor? tokens = null)
    {
        var rows = new CombineWeights(plan.Rows, weights.dtype);
        if (weights.dtype == ScalarType.Float64)
        {
            Pick(plan, Values<double>(weights), tokens is null ? null : Values<double>(tokens), rows.Double);
        }
        else
        {
            Pick(plan, Values<float>(weights), tokens is null ? null : Values<float>(tokens), rows.Single);
        }

        return rows;
    }

    /// <summary>[c] on <paramref name="device"/> with each row's number at its choice, times its token's [t, 1] where there are such; 0 where the choice was dropped. The caller owns it.</summary>
    public Tensor ToChoices(RoutingPlan plan, Device device, Tensor? tokens = null)
    {
        using Tensor local = dtype == ScalarType.Float64
            ? tensor(Spread(plan, Double, tokens is null ? null : Values<double>(tokens)))
            : tensor(Spread(plan, Single, tokens is null ? null : Values<float>(tokens)));
        return local.to(device);
    }

    /// <summary>[t, 1] on the device of <paramref name="weights"/> [c]: for each token the sum of its rows' numbers times their choices' weights, in the order of the plan. The caller owns it.</summary>
    public Tensor ToTokens(RoutingPlan plan, Tensor weights)
    {
        using Tensor local = dtype == ScalarType.Float64 ? tensor(Sum(plan, Double, Values<double>(weights))) : tensor(Sum(plan, Single, Values<float>(weights)));
        using Tensor column = local.unsqueeze(1);
        return column.to(weights.device, copy: true);
    }

    private static T[] Values<T>(Tensor values)
        where T : unmanaged
    {
        using Tensor detached = values.detach(), local = detached.cpu(), flat = local.flatten();
        return flat.data<T>().ToArray();
    }

    private static void Pick<T>(RoutingPlan plan, T[] choices, T[]? tokens, T[] rows)
        where T : INumber<T>
    {
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = tokens is null ? choices[plan.Choice[i]] : choices[plan.Choice[i]] * tokens[plan.Token[i]];
        }
    }

    private static T[] Spread<T>(RoutingPlan plan, T[] rows, T[]? tokens)
        where T : INumber<T>
    {
        var choices = new T[plan.Choices];
        for (int i = 0; i < rows.Length; i++)
        {
            choices[plan.Choice[i]] = tokens is null ? rows[i] : rows[i] * tokens[plan.Token[i]];
        }

        return choices;
    }

    private static T[] Sum<T>(RoutingPlan plan, T[] rows, T[] weights)
        where T : INumber<T>
    {
        var tokens = new T[plan.Tokens];
        for (int i = 0; i < rows.Length; i++)
        {
            tokens[plan.Token[i]] += rows[i] * weights[plan.Choice[i]];
        }

        return tokens;
    }
}
