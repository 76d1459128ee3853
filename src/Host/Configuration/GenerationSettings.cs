namespace MoeActors.Host.Configuration;

/// <summary>Text from a checkpoint.</summary>
/// <param name="Prompt">What the text goes on from.</param>
/// <param name="Tokens">Tokens to generate.</param>
/// <param name="Temperature">Softmax temperature; 0 = greedy.</param>
/// <param name="TopK">Likeliest tokens sampled among; 0 = all.</param>
/// <param name="Seed">Seed of the sampling.</param>
internal sealed record GenerationSettings(string Prompt, int Tokens, double Temperature, int TopK, long Seed)
{
    /// <summary>Reads the section.</summary>
    public static GenerationSettings Read(SettingsReader r) => new(
        r.Text("generation.prompt") is { Length: > 0 } prompt ? prompt : throw r.Wrong("generation.prompt", "a text that is not empty"), r.Whole("generation.tokens", 1, 10_000_000), r.Number("generation.temperature", 0, 1000), r.Whole("generation.top-k"), r.Long("generation.seed"));
}
