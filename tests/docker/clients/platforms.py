"""Posts to X and Discord, and asks TikTok and Twitch, by libraries that have the hosts written in them."""

import asyncio
import json
import sys

import discord
import httpx
import tweepy


async def bot_name() -> str:
    client = discord.Client(intents=discord.Intents.none())
    async with client:
        await client.login("discord-staging-bot-token")
        channel = client.get_partial_messageable(645027906669510667, guild_id=290926798626357999)
        return str((await channel.send("by name")).author.name)


tweet = tweepy.Client("x-staging-bot-token").create_tweet(text="by name", user_auth=False)
twitch = {"client_id": "twitchstagingclient00000000000", "client_secret": "twitch-staging-secret"}
token = httpx.post(
    "https://id.twitch.tv/oauth2/token", data={**twitch, "grant_type": "client_credentials"}
).json()["access_token"]
users = httpx.get(
    "https://api.twitch.tv/helix/users",
    params={"login": "clipbot"},
    headers={"Authorization": f"Bearer {token}", "Client-Id": twitch["client_id"]},
)
tiktok = httpx.get("https://open.tiktokapis.com/v2/user/info/", headers={"Authorization": "Bearer none"})
found_out = {
    "x": tweet.data["text"],
    "discord": asyncio.run(bot_name()),
    "twitch": users.status_code,
    "tiktok": tiktok.json()["error"]["code"],
}
sys.stdout.write(json.dumps(found_out) + "\n")
