using MoeActors.Host.Diagnostics;

namespace MoeActors.Host.Tests.Diagnostics;

public class RedactorTests
{
    [Theory]
    [InlineData("cluster.secret = hunter2secret")]
    [InlineData("cluster { password : \"hunter2secret\" }")]
    [InlineData("{\"apiKey\":\"hunter2secret\",\"a\":1}")]
    [InlineData("api-key=hunter2secret # why")]
    [InlineData("tokens = [\"x\", \"hunter2secret\"]")]
    [InlineData("keystore { path = a, pass = hunter2secret }")]
    [InlineData("keys { a = { b = \"}\", c = hunter2secret } }")]
    [InlineData("auth-token = \"\"\"line\nhunter2secret\n\"\"\"")]
    [InlineData("# old password = hunter2secret")]
    [InlineData("secret =\n  hunter2secret")]
    [InlineData("secret += \"a\\\"hunter2secret\"")]
    [InlineData("connection = \"Host=db;Username=moe;Password=hunter2secret;Database=x\"")]
    [InlineData("url = \"https://moe:hunter2secret@db/x\"")]
    [InlineData("{\"command\": \"moe train --admin-token hunter2secret --nodes 3\"}")]
    [InlineData("{\"command\": \"moe train --key=hunter2secret --nodes 3\"}")]
    public void No_secret_of_a_configuration_stays(string config) =>
        Assert.DoesNotContain("hunter2secret", new Redactor().Config(config), StringComparison.Ordinal);

    [Theory]
    [InlineData("{\"tokenizer\":\"bytes\",\"tokenizerHash\":\"ab12\",\"keepEvery\":0,\"kvHeads\":2}")]
    [InlineData("{\"totals\":{\"tokens\":4096,\"tokensPerSecond\":12.5}}")]
    [InlineData("model { vocabulary = 256 }\n# a comment with a colon: fine\n")]
    public void What_is_no_secret_stays(string config) => Assert.Equal(config, new Redactor().Config(config));

    [Fact]
    public void Json_stays_json()
    {
        string redacted = new Redactor().Config("{\"a\":{\"secret\":\"xyzxyz\",\"b\":[1,2]},\"token\":null,\"password\":{\"x\":1},\"c\":\"d\"}");
        using var document = System.Text.Json.JsonDocument.Parse(redacted);
        Assert.Equal("d", document.RootElement.GetProperty("c").GetString());
        Assert.Equal("***", document.RootElement.GetProperty("password").GetString());
    }

    [Theory]
    [InlineData("joined with hunter2secret!")]
    [InlineData("{\"message\":\"{\\\"password\\\":\\\"other-one\\\"} sent\"}")]
    [InlineData("Authorization: Bearer other-one-abcdef")]
    [InlineData("connect token=other-one")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nother-one\n-----END PRIVATE KEY-----")]
    public void A_known_secret_and_what_looks_like_one_go_from_logs_too(string log)
    {
        var redactor = new Redactor();
        redactor.Config("cluster.secret = hunter2secret");
        string redacted = redactor.Text(log);
        Assert.DoesNotContain("hunter2secret", redacted, StringComparison.Ordinal);
        Assert.DoesNotContain("other-one", redacted, StringComparison.Ordinal);
    }
}
