using System.Diagnostics;
using System.Text.Json;
using MoeActors.Actors.Exchange;
using static TorchSharp.torch;

namespace MoeActors.Bench.Workers;

/// <summary>One size of the all-to-all, as node 0 saw it.</summary>
/// <param name="Bytes">Send buffer of a rank; half of it stays.</param>
/// <param name="Ms">Time of each exchange.</param>
internal sealed record ExchangeTimes(long Bytes, double[] Ms);

/// <summary>One of two ranks that exchange half of a buffer with each other, over and over.</summary>
internal static class ExchangeWorker
{
    private static readonly (long Bytes, int Warm, int Count)[] Sizes = [(64 << 10, 300, 600), (1 << 20, 100, 300), (64 << 20, 5, 20)];

    public static async Task RunAsync(int node, string listen, string folder)
    {
        using Pair pair = await Pair.JoinAsync(node, listen, folder);
        var header = new FrameHeader { Purpose = Purpose.Dispatch, Source = Pair.Rank(node).Packed, Destination = Pair.Rank(1 - node).Packed };
        foreach ((long bytes, int warm, int count) in Sizes)
        {
            using Tensor half = ones([1, bytes / 2], dtype: ScalarType.Byte);
            double[] ms = new double[count];
            for (int i = -warm; i < count; i++)
            {
                long begun = Stopwatch.GetTimestamp();
                pair.Send(in header, [], half.alias());
                pair.Mailbox.Next().Discard();
                if (i >= 0)
                {
                    ms[i] = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                }
            }

            pair.Barrier();
            if (node == 0)
            {
                Console.WriteLine(JsonSerializer.Serialize(new ExchangeTimes(bytes, ms)));
            }
        }

        pair.Barrier();
    }
}
