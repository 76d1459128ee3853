using System.Diagnostics;
using System.Text.Json;
using MoeActors.Actors.Exchange;
using MoeActors.Compute.Experts;
using MoeActors.Compute.Models;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Routing;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Bench.Workers;

/// <summary>One step of the bare layer in one process, in ms.</summary>
/// <param name="Ms">From the barrier to the last weight gradient.</param>
/// <param name="ForwardMs">To the last combined chunk.</param>
/// <param name="CpuMs">Processor time of the process, all threads.</param>
/// <param name="WaitMs">Time the computing thread had nothing to do.</param>
internal sealed record LayerStep(double Ms, double ForwardMs, double CpuMs, double WaitMs);

/// <summary>
/// One of two processes that hold half of the experts each: dispatches its own tokens, computes what arrives, combines, and the same backward. One thread
/// computes, driven by messages in order of arrival; weight gradients fill the time when nothing waits for an answer.
/// </summary>
internal sealed class LayerWorker : IDisposable
{
    public const int Hidden = 512, FeedForward = 2048, Experts = 8, TopK = 2, Tokens = 4096;

    private readonly int node;
    private readonly Pair pair;
    private readonly BareLayer layer;
    private readonly ChunkServer shard;
    private readonly Tensor weights, gradient;
    private float[] weightGradient = [];
    private double forwardMs;
    private bool done;

    private LayerWorker(int node, Pair pair, Precision precision, int chunkRows)
    {
        (this.node, this.pair) = (node, pair);
        var model = new ModelSpec
        {
            Name = "bare-layer",
            Style = BlockStyle.Gpt2,
            Context = Tokens,
            Layers = 1,
            Hidden = Hidden,
            Heads = 8,
            KvHeads = 8,
            FeedForward = FeedForward,
            Moe = new MoeSpec { Experts = Experts, TopK = TopK, ExpertHidden = FeedForward },
        };
        var layout = new LogicalLayout { Ranks = 2, ExpertParallel = 2, ChunkRows = chunkRows };
        ScalarType dtype = precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        (int first, int count) = layout.ExpertsAt(node, Experts);
        ParameterLayout parameters = ParameterLayout.Experts(model, 0, first, count);
        manual_seed(10 + node);
        weights = randn(parameters.Total).Over(Math.Sqrt(Hidden)).to(dtype);
        gradient = zeros(parameters.Total);
        shard = new ChunkServer(new ExpertBank(model, layout, 0, node, parameters, weights), layout, 0);
        layer = new BareLayer(model.Moe, layout, Hidden, Tokens, dtype);
    }

    public static async Task RunAsync(int node, string folder, Precision precision, int chunkRows, int warm, int steps)
    {
        using Pair pair = await Pair.JoinAsync(node, "unix", folder);
        using var worker = new LayerWorker(node, pair, precision, chunkRows);
        using Process self = Process.GetCurrentProcess();
        for (int i = -warm; i < steps; i++)
        {
            self.Refresh();
            TimeSpan cpu = self.TotalProcessorTime;
            pair.Barrier();
            LayerStep step = worker.Step();
            self.Refresh();
            if (i >= 0)
            {
                Console.WriteLine(JsonSerializer.Serialize(step with { CpuMs = (self.TotalProcessorTime - cpu).TotalMilliseconds }));
            }

            pair.Barrier();
        }
    }

    public void Dispose()
    {
        layer.Dispose();
        shard.Dispose();
        weights.Dispose();
        gradient.Dispose();
    }

    private LayerStep Step()
    {
        long begun = Stopwatch.GetTimestamp(), waited = 0;
        gradient.Fill(0);
        done = false;
        using (Tensor rows = layer.Route())
        {
            SendChunks(Purpose.Dispatch, rows);
        }

        // Each source says with its first chunk how many there are.
        int[] expected = [-1, -1];
        int accumulated = 0;
        while (!done || expected.Contains(-1) || accumulated < expected.Sum())
        {
            if (!pair.Mailbox.TryNext(out Ticket? ticket))
            {
                if (shard.AccumulateNext(gradient))
                {
                    accumulated++;
                    continue;
                }

                long idle = Stopwatch.GetTimestamp();
                ticket = pair.Mailbox.Next();
                waited += Stopwatch.GetTimestamp() - idle;
            }

            if (ticket.Header.Purpose == Purpose.Dispatch)
            {
                expected[Endpoint.FromPacked(ticket.Header.Source).Rank] = ticket.Header.ChunkCount;
            }

            Handle(ticket, begun);
        }

        shard.Discard();
        return new LayerStep(Stopwatch.GetElapsedTime(begun).TotalMilliseconds, forwardMs, 0, Stopwatch.GetElapsedTime(0, waited).TotalMilliseconds);
    }

    private void Handle(Ticket ticket, long begun)
    {
        FrameHeader header = ticket.Header;
        Tensor rows = ticket.Take() ?? empty([0, Hidden], weights.dtype);
        var key = new ChunkKey(0, Endpoint.FromPacked(header.Source).Rank, header.Chunk, header.ChunkCount);
        switch (header.Purpose)
        {
            case Purpose.Dispatch:
                var segments = new ExpertSegment[ticket.Meta.Length / 2];
                for (int i = 0; i < segments.Length; i++)
                {
                    segments[i] = new ExpertSegment(ticket.Meta[2 * i], ticket.Meta[(2 * i) + 1]);
                }

                Answer(Purpose.Combine, header, shard.Forward(key, rows, segments));
                break;
            case Purpose.CombineGradient:
                Answer(Purpose.DispatchGradient, header, shard.Backward(key, rows));
                break;
            case Purpose.Combine when layer.Combine(ChunkOf(header), rows):
                forwardMs = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                using (Tensor dY = layer.BackwardCombine(out weightGradient))
                {
                    SendChunks(Purpose.CombineGradient, dY);
                }

                break;
            case Purpose.DispatchGradient when layer.ReturnGradient(ChunkOf(header), rows):
                layer.Backward(weightGradient);
                done = true;
                break;
            default:
                break;
        }
    }

    private void SendChunks(Purpose purpose, Tensor rows)
    {
        foreach (DispatchChunk chunk in layer.Plan.Chunks)
        {
            int[] meta = [.. chunk.Segments.SelectMany(s => (int[])[s.Expert, s.Rows])];
            pair.Send(Header(purpose, Pair.Rank(node), Pair.Shard(chunk.Position), chunk.Index, chunk.Count), meta, chunk.Rows == 0 ? null : rows.narrow(0, chunk.FirstRow, chunk.Rows));
        }
    }

    private void Answer(Purpose purpose, in FrameHeader question, Tensor rows) =>
        pair.Send(Header(purpose, Pair.Shard(node), Endpoint.FromPacked(question.Source), question.Chunk, question.ChunkCount), [], rows);

    private static FrameHeader Header(Purpose purpose, Endpoint source, Endpoint destination, int chunk, int chunks) =>
        new() { Purpose = purpose, Source = source.Packed, Destination = destination.Packed, Chunk = chunk, ChunkCount = chunks };

    private int ChunkOf(in FrameHeader header)
    {
        (int position, int index) = (Endpoint.FromPacked(header.Source).Rank, header.Chunk);
        for (int i = 0; i < layer.Plan.Chunks.Count; i++)
        {
            if (layer.Plan.Chunks[i].Position == position && layer.Plan.Chunks[i].Index == index)
            {
                return i;
            }
        }

        throw new InvalidOperationException($"an answer to chunk {index} of position {position}, which was not sent");
    }
}
