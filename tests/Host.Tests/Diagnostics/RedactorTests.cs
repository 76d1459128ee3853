using System.Data.Common;
using System.Text.Json;

using CsCheck;
using MoeActors.Actors.ControlPlane;
using MoeActors.Host.Configuration;
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

    [Theory]
    [InlineData("connect with Password=\"one;two-half\";Host=db", "two-half")]
    [InlineData("connect with Password='one;two-half';Host=db", "two-half")]
    [InlineData("connect with Password=one&two-half;Host=db", "two-half")]
    [InlineData("connect with Password = one two-half;Host=db", "two-half")]
    [InlineData("{\"m\":\"Password=\\u0027one;two-half\\u0027;Host=db\"}", "two-half")]
    [InlineData("{\"m\":\"Password=\\\"one;two-half\\\";Host=db\"}", "two-half")]
    [InlineData("{\"m\":\"Password=one\\u0026two-half\"}", "two-half")]
    [InlineData("{\"password\":\"one\\\"two-half\"}", "two-half")]
    [InlineData("{\"m\":\"{\\\"password\\\":\\\"one\\\\\\\"two-half\\\"}\"}", "two-half")]
    [InlineData("started moe train --set cluster.secret=one,two-half --nodes 3", "two-half")]
    [InlineData("https://me:one/two-half@s3.example", "two-half")]
    [InlineData("https://me:one@two-half@s3.example", "two-half")]
    public void No_half_of_a_password_with_special_characters_stays_in_a_log(string log, string half) => Assert.DoesNotContain(half, new Redactor().Text(log), StringComparison.Ordinal);

    [Fact]
    public void Of_a_connection_string_only_the_password_goes()
    {
        string redacted = new Redactor().Config("persistence.connection-string = \"Host=db;Username=moe;Password='a;b c';Database=x\"\nnodes = 3\n");
        Assert.DoesNotContain("b c", redacted, StringComparison.Ordinal);
        Assert.Contains("db", redacted, StringComparison.Ordinal);
        Assert.EndsWith("\nnodes = 3\n", redacted, StringComparison.Ordinal);
    }

    // Both halves hold a letter that stands nowhere else in what is searched.
    private static bool Telling(string password) =>
        password.Trim() == password && password[..(password.Length / 2)].AsSpan().ContainsAny("XYQZ") && password[(password.Length / 2)..].AsSpan().ContainsAny("XYQZ");

    [Fact]
    public void No_half_of_any_secret_stays_in_configuration_logs_or_command_lines() =>
        Gen.Char["XYQZ12;&'\"\\=@/ ,}{$%é<>+"].Array[8, 16].Select(c => new string(c)).Where(Telling).Sample(password =>
        {
            string connection = new DbConnectionStringBuilder { ["Host"] = "db", ["Password"] = password, ["Database"] = "x" }.ConnectionString;
            var redactor = new Redactor();
            string[] texts =
            [
                redactor.Config($"persistence.connection-string = {HoconText.Quote(connection)}\nnodes = 1\n"),
                redactor.Config($"{{\"connectionString\":{JsonSerializer.Serialize(connection)}}}"),
                redactor.Config($"cluster.secret = {HoconText.Quote(password)}\n"),
                redactor.Text($"lost {connection} after 3 s"),
                redactor.Text(JsonSerializer.Serialize(new { message = $"lost {connection} after 3 s" })),
                redactor.Text(JsonSerializer.Serialize(new { message = $"the secret {password} is wrong" })),
                redactor.Text(JsonSerializer.Serialize(new { inner = JsonSerializer.Serialize(new { password }) })),
                CommandLineSecrets.Hidden(["train", "--set", $"cluster.secret={password}", $"--set=persistence.connection-string={connection}", $"--set:http.token={password}"]),
            ];
            string half = password[..(password.Length / 2)], rest = password[(password.Length / 2)..];
            foreach (string part in (string[])[half, rest])
            {
                foreach (string form in SecretForms.Of(part))
                {
                    Assert.All(texts, text => Assert.DoesNotContain(form, text.Replace(Redactor.Mark, "", StringComparison.Ordinal), StringComparison.Ordinal));
                }
            }
        });
}
