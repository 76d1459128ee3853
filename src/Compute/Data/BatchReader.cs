using System.Runtime.InteropServices;
using MoeActors.Compute.Specs;
using static TorchSharp.torch;

namespace MoeActors.Compute.Data;

/// <summary>
/// The batches of a run: which samples a (step, rank, micro-batch) holds, and their tokens. Stateless between calls. Sample id of row b of (step s, rank r,
/// micro-batch m) = s·GlobalBatch + r·(GlobalBatch / Ranks) + m·RankBatch + b. The corpus is borrowed.
/// </summary>
public sealed class BatchReader
{
    private readonly RunSpec _spec;
    private readonly ITokenSource _corpus;
    private readonly SampleSchedule _schedule;
    private readonly int _context;

    /// <summary>Throws <see cref="SpecException"/> when the model has fewer ids than the tokenizer.</summary>
    public BatchReader(RunSpec spec, ITokenSource corpus)
    {
        SpecException.Require(
            spec.Model.Vocabulary >= corpus.Tokenizer.Vocabulary, "model.vocabulary", spec.Model.Vocabulary,
            $"at least {corpus.Tokenizer.Vocabulary}, the ids of tokenizer {corpus.Tokenizer.Name}");
        (_spec, _corpus, _context) = (spec, corpus, spec.Model.Context);
        _schedule = new SampleSchedule(spec.Training.Seed, corpus.TrainTokens, _context);
        ValidationSequences = corpus.ValidationTokens == 0 ? 0 : (corpus.ValidationTokens - 1) / _context;
    }

    /// <summary>Sequences side by side that cover the validation part: ⌊(tokens - 1) / context⌋.</summary>
    public long ValidationSequences { get; }

    /// <summary>Samples of one pass over the training part.</summary>
    public long SamplesPerPass => _schedule.Windows;

    /// <summary>Ids of the micro-batch's samples, by row.</summary>
    public IReadOnlyList<long> SampleIds(long step, int rank, int micro)
    {
        long first = FirstSample(step, rank, micro);
        return [.. Enumerable.Range(0, _spec.RankBatch).Select(b => first + b)];
    }

    /// <summary>Global token id of the micro-batch's first input token: sample id · context. Counter of the gate's noise.</summary>
    public long TokenId(long step, int rank, int micro) => FirstSample(step, rank, micro) * _context;

    /// <summary>Tokens of the micro-batch: int64 [RankBatch, Context + 1] on the CPU, owned by the caller.</summary>
    public Tensor Batch(long step, int rank, int micro)
    {
        long first = FirstSample(step, rank, micro);
        return Fill(_spec.RankBatch, validation: false, b => _schedule.Locate(first + b).Offset);
    }

    /// <summary>Validation sequences <paramref name="first"/> … <paramref name="first"/> + <paramref name="count"/> - 1: int64 [count, Context + 1] on the CPU, owned by the caller.</summary>
    public Tensor Validation(long first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first, ValidationSequences - count);
        return Fill(count, validation: true, b => (first + b) * _context);
    }

    private Tensor Fill(int rows, bool validation, Func<int, long> offset)
    {
        int width = _context + 1;
        Tensor batch = empty([rows, width], dtype: ScalarType.Int64, device: CPU);
        try
        {
            Span<long> tokens = MemoryMarshal.Cast<byte, long>(batch.bytes);
            for (int b = 0; b < rows; b++)
            {
                _corpus.Read(validation, offset(b), tokens.Slice(b * width, width));
            }

            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private long FirstSample(long step, int rank, int micro)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, _spec.Layout.Ranks);
        ArgumentOutOfRangeException.ThrowIfNegative(micro);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(micro, _spec.Training.MicroBatches);
        long global = _spec.Training.GlobalBatch;
        return (step * global) + (rank * (global / _spec.Layout.Ranks)) + (micro * (long)_spec.RankBatch);
    }
}
