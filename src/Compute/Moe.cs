using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;
using MoeActors.Compute.Local;
using MoeActors.Compute.Passes;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

namespace MoeActors.Compute;

/// <summary>
/// The library in two calls: train a model, or load one that was trained here or by a cluster. One process, one thread of the caller's; the same arithmetic, in the same order, as a cluster's (DT-1), so the same run gives the same
/// weights bit for bit.
/// </summary>
public static class Moe
{
    /// <summary>Name of a run's record in its folder.</summary>
    public const string RecordName = "run.json";

    /// <summary>Trains on a text in memory.</summary>
    /// <param name="spec">The run, such as <see cref="RunSpec.Local"/> makes; its data section says how the text is cut and tokenized, its paths are not read.</param>
    /// <param name="text">The text.</param>
    /// <param name="progress">Told of each step; null without.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <returns>The model, which the caller owns.</returns>
    /// <exception cref="SpecException">A setting cannot be; names it.</exception>
    /// <exception cref="CorpusException">The text is too short, or the tokenizer cannot be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static MoeModel Train(RunSpec spec, string text, Action<StepResult>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        spec.Validate();
        ITokenizer tokenizer = Tokenizers.Open(spec.Data.TokenizerPlace);
        var tokens = new TextTokens(text, tokenizer, spec.Data.ValidationShare, spec.Model.Context);
        return Train(spec, tokens, tokens.Hash, progress, cancellation);
    }

    /// <summary>Trains on the files that the run's data section names.</summary>
    /// <inheritdoc cref="Train(RunSpec, string, Action{StepResult}?, CancellationToken)"/>
    public static MoeModel Train(RunSpec spec, Action<StepResult>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        spec.Validate();
        using Corpus corpus = Corpus.Open(spec.Data, Tokenizers.Open(spec.Data.TokenizerPlace), spec.Model.Context);
        return Train(spec, corpus, corpus.Hash, progress, cancellation);
    }

    /// <summary>Loads the newest checkpoint of a run's folder: of one saved by <see cref="MoeModel.Save"/>, or trained by a cluster with its checkpoints in it.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The model, which the caller owns.</returns>
    /// <exception cref="CheckpointException">There is none, it does not hold, or it is of another run.</exception>
    /// <exception cref="SpecException">The record cannot be read.</exception>
    /// <exception cref="CorpusException">The tokenizer cannot be read, or is another.</exception>
    public static MoeModel Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        folder = Path.GetFullPath(folder);
        string record = Path.Combine(folder, RecordName);
        if (!File.Exists(record))
        {
            throw new CheckpointException($"{folder}: holds no {RecordName}: expected the folder of a run, or of a model that was saved");
        }

        RunSpec spec = RunSpec.FromJson(File.ReadAllText(record), record);
        if (spec.Checkpoint.Location.Length > 0)
        {
            throw new CheckpointException($"{folder}: its checkpoints lie in {spec.Checkpoint.Location}: export one with `moe checkpoint export`, or copy them into {CheckpointPaths.InRun(folder)}");
        }

        string tokenizer = Path.Combine(folder, MoeModel.TokenizerFolder);
        if (Directory.Exists(tokenizer))
        {
            // Where the model lies by now.
            spec = spec with { Data = spec.Data with { TokenizerMoved = tokenizer } };
        }

        var store = new CheckpointStore(CheckpointPaths.InRun(folder));
        Manifest manifest = store.Newest() ?? throw new CheckpointException($"{store.Location}: there is no checkpoint yet");
        manifest.Demand(RunIdentity.Of(spec));
        return MoeModel.Of(spec, store, manifest);
    }

    private static MoeModel Train(RunSpec spec, ITokenSource tokens, string hash, Action<StepResult>? progress, CancellationToken cancellation)
    {
        spec = spec with { Data = spec.Data with { CorpusHash = hash, TokenizerHash = tokens.Tokenizer.Hash } };
        ThreadSettings.Apply(spec.Layout.ThreadsPerRank);
        MatmulPrecision.Set(spec.Training.Matmul);
        var trainer = new LocalTrainer(spec, new BatchReader(spec, tokens).Batch);
        try
        {
            SampleLedger ledger = SampleLedger.Empty(spec.Training.GlobalBatch);
            for (int step = 0; step < spec.Training.Steps; step++)
            {
                cancellation.ThrowIfCancellationRequested();
                StepResult result = trainer.Step();
                ledger = result.Applied ? ledger.Commit(step) : ledger.Skip(step);
                progress?.Invoke(result);
            }

            return MoeModel.Of(spec, tokens.Tokenizer, trainer, ledger);
        }
        catch
        {
            trainer.Dispose();
            throw;
        }
    }
}
