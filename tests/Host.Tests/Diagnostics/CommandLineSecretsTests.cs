using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Diagnostics;

public sealed class CommandLineSecretsTests
{
    [Theory]
    [InlineData("cluster.secret", "train", "--set", "cluster.secret=hunter2secret", "--nodes", "3")]
    [InlineData("cluster.secret", "train", "--set=cluster.secret=hunter2secret")]
    [InlineData("cluster.secret", "train", "--set:cluster.secret=hunter2secret")]
    [InlineData("cluster.secret", "train", "--set", "cluster.secret = hunter2secret")]
    [InlineData("http.token", "train", "--set", "http.token=hunter2secret")]
    [InlineData("persistence.connection-string", "train", "--set", "persistence.connection-string=Host=db;Password=hunter2secret;Database=x")]
    [InlineData("checkpoint.s3.endpoint", "train", "--set", "checkpoint.s3.endpoint=https://me:hunter2secret@s3.example")]
    [InlineData("checkpoint.s3.endpoint", "train", "--set", "checkpoint.s3.endpoint=https://hunter2secret@s3.example")]
    [InlineData("checkpoint.s3.session-token", "train", "--set=checkpoint.s3.session-token=hunter2secret", "hunter2secret")]
    [InlineData("cluster.tls.password", "train", "--set", "cluster.tls.password=hunter2secret")]
    public void A_secret_is_hidden_however_it_was_given_and_warned_about(string key, params string[] arguments)
    {
        string line = CommandLineSecrets.Hidden(arguments);
        Assert.DoesNotContain("hunter2secret", line, StringComparison.Ordinal);
        Assert.Contains(key, line, StringComparison.Ordinal);
        Assert.Equal(key, Assert.Single(CommandLineSecrets.Keys(arguments)));
        Assert.Contains(key, CommandLineSecrets.Warning(key), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_secret_stays()
    {
        string[] arguments = ["train", "--preset", "tiny", "--tokenizer", "tokenizers/book", "--set", "generation.tokens=40", "--set", "checkpoint.s3.endpoint=https://s3.example:9000"];
        Assert.Equal(string.Join(' ', arguments), CommandLineSecrets.Hidden(arguments));
        Assert.Empty(CommandLineSecrets.Keys(arguments));
    }
}
