using System.Text.Json;
using MoeActors.Compute.Data;

namespace MoeActors.Host.Commands;

/// <summary>moe tokenizer train.</summary>
internal sealed class TokenizerTrainHandler(TextWriter output, TextWriter error) : IHandler<TokenizerTrainRequest>
{
    /// <inheritdoc/>
    public async Task<int> RunAsync(TokenizerTrainRequest request, CancellationToken cancel)
    {
        if (!request.Force && new[] { BpeVocabulary.TokensFile, BpeVocabulary.MergesFile }.FirstOrDefault(f => Path.Exists(Path.Combine(request.Output, f))) is { } there)
        {
            throw new CommandException(
                ExitCodes.Configuration, $"{request.Output}: holds a tokenizer already ({there}), which runs may need as it is; choose another --output, or replace it with --force");
        }

        DataNotes.Write(request.Data, error);
        IReadOnlyList<string> files = CorpusFiles.Resolve(request.Data, request.Binary);

        // Its own thread: this takes seconds to minutes and the thread pool is never blocked.
        BpeVocabulary vocabulary = await Task.Factory.StartNew(
            () => BpeTrainer.Train(files, request.Vocabulary, (done, wanted) => error.WriteLine($"{done} of {wanted} ids"), cancel),
            cancel,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        vocabulary.Save(request.Output);
        ITokenizer tokenizer = Tokenizers.Open(request.Output);
        output.WriteLine(request.Json
            ? JsonSerializer.Serialize(new { request.Output, tokenizer.Vocabulary, tokenizer.Hash, Files = files.Count }, JsonOutput.Options)
            : $"{request.Output}: {tokenizer.Vocabulary} ids from {files.Count} {(files.Count == 1 ? "file" : "files")}; use it with `moe train --tokenizer {request.Output} --set model.vocabulary={tokenizer.Vocabulary}`");
        return ExitCodes.Ok;
    }
}
