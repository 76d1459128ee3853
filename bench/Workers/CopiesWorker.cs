using System.Diagnostics;
using System.Text.Json;
using MoeActors.Actors.Exchange;
using MoeActors.Compute.Models;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using static TorchSharp.torch;

namespace MoeActors.Bench.Workers;

/// <summary>What keeping a copy current took, as its owner saw it.</summary>
/// <param name="What">"state" or "gradient".</param>
/// <param name="Parameters">Size of the unit.</param>
/// <param name="Ms">Time of each, until the copy is there.</param>
internal sealed record CopyTimes(string What, long Parameters, double[] Ms);

/// <summary>One of two processes: the first owns a unit, the second keeps its copy current.</summary>
internal static class CopiesWorker
{
    private const int Warm = 3, Count = 15;
    private const long Piece = 4 << 20;

    public static async Task RunAsync(int node, string folder)
    {
        using Pair pair = await Pair.JoinAsync(node, "unix", folder);
        ParameterLayout layout = ParameterLayout.Experts(new ModelSpec { Name = "unit", Context = 64, Layers = 1, Hidden = 512, Heads = 8, KvHeads = 8, FeedForward = 2048, Moe = new MoeSpec { Experts = 4, TopK = 2, ExpertHidden = 2048 } }, 0, 0, 4);
        using OptimizerShard unit = OptimizerShard.Replica(layout, 0, layout.Total, CPU);
        using Tensor gradient = ones(layout.Total);
        foreach (string what in (string[])["state", "gradient"])
        {
            Tensor[] sent = what == "state" ? [unit.Master, unit.First, unit.Second] : [gradient];
            double[] ms = new double[Count];
            for (int i = -Warm; i < Count; i++)
            {
                pair.Barrier();
                long begun = Stopwatch.GetTimestamp();
                if (node == 0)
                {
                    Send(pair, sent);
                }
                else
                {
                    Receive(pair, sent);
                    if (what == "gradient")
                    {
                        unit.Update(gradient, new AdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 1, i + Warm + 1));
                    }
                }

                pair.Barrier();
                if (i >= 0)
                {
                    ms[i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                }
            }

            if (node == 0)
            {
                Console.WriteLine(JsonSerializer.Serialize(new CopyTimes(what, layout.Total, ms)));
            }
        }

        pair.Barrier();
    }

    private static void Send(Pair pair, Tensor[] tensors)
    {
        foreach (Tensor tensor in tensors)
        {
            for (long done = 0; done < tensor.numel(); done += Piece)
            {
                using Tensor range = tensor.narrow(0, done, Math.Min(Piece, tensor.numel() - done));
                pair.Send(new FrameHeader { Purpose = Purpose.CopyGradient, Source = Pair.Rank(0).Packed, Destination = Pair.Rank(1).Packed }, [], range.view(1, range.numel()));
            }
        }
    }

    private static void Receive(Pair pair, Tensor[] tensors)
    {
        foreach (Tensor tensor in tensors)
        {
            for (long done = 0; done < tensor.numel(); done += Piece)
            {
                using Tensor piece = pair.Mailbox.Next().Take()!;
                using Tensor target = tensor.narrow(0, done, piece.numel()), flat = piece.view(piece.numel());
                target.copy_(flat);
            }
        }
    }
}
